#!/usr/bin/env bash
# A Slurm of one machine, for as long as a command takes: tests/one_machine_slurm.sh pytest -q tests/execution/test_slurm.py
# Needs root and Debian's slurm-wlm and munge. Munge, slurmctld and slurmd are started on files of their own and ended again.
set -euo pipefail
((EUID == 0)) || { echo "not root: Slurm's daemons cannot be started" >&2; exit 77; }
for program in munged slurmctld slurmd srun; do
    command -v "$program" >/dev/null || { echo "no $program: apt-get install slurm-wlm munge" >&2; exit 77; }
done

folder=$(mktemp -d)
chmod 755 "$folder"
daemons=()
finish() {
    ((${#daemons[@]})) && kill "${daemons[@]}" 2>/dev/null
    wait "${daemons[@]}" 2>/dev/null
    rm -rf "$folder"
}
trap finish EXIT

mkdir -m 700 "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 600 "$folder/munge/key"
socket=$folder/munge.socket
munged --foreground --force --socket="$socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" >/dev/null 2>&1 &
daemons+=($!)

mkdir "$folder/state" "$folder/spool"
memory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
cat >"$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
CONF
export SLURM_CONF=$folder/slurm.conf

for daemon in slurmctld slurmd; do
    "$daemon" -D >"$folder/$daemon.out" 2>&1 &
    daemons+=($!)
done
for _ in {1..100}; do
    [[ $(sinfo -h -o %t 2>/dev/null) == idle ]] && break
    sleep 0.2
done
[[ $(sinfo -h -o %t 2>/dev/null) == idle ]] || { echo "its daemons do not start here: $(tail -qn 3 "$folder"/*.log)" >&2; exit 77; }
"$@"
