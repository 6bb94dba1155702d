// One neuron, drawn: the output over steps, the point on its loss, and the three factors.

const SECONDS_OF_RUN = 5
const neuronView = { runs: [], playing: false, key: '', width: 0 }
const outputChart = new Chart($('output-chart'), 320), valleyChart = new Chart($('valley-chart'), 320)

function computeNeuron() {
  const key = JSON.stringify([state.a, state.b, state.c, state.f, state.z, state.r, state.h, state.bug])
  if (key === neuronView.key) return
  neuronView.key = key
  neuronView.runs = ['a', 'b', 'c'].map(slot => ({ slot, shown: lossOf(slot) })).filter(({ shown }) => shown && shown.program).map(run => {
    const bugged = state.bug && run.shown.id === BUGGED, loss = bugged ? losses.get(BUG) : run.shown
    const course = trainNeuron(loss.program, state.z, state.r, state.h)
    // the step is cross entropy's error as it is: its slope is left out, which is a factor of 1
    if (bugged) Object.assign(course, { error: course.gradient, slope: course.slope.map(() => 1) })
    return { ...run, loss, course, escape: escapeCurve(loss, state.z, state.r), valley: valleyOf(run.shown) }
  })
}

function runTitle(run) { return run.loss === run.shown ? titleOf(run.shown) : t('bugged', { loss: titleOf(run.shown) }) }

function drawNeuron() {
  computeNeuron()
  state.n = Math.min(state.n, state.h)
  $('start').value = state.z
  $('start-number').value = state.z.toFixed(1)
  $('start').setAttribute('aria-valuetext', `z₀ ${state.z.toFixed(1)}`)
  $('rate').value = Math.log10(state.r)
  $('rate-number').value = brief(state.r)
  $('rate').setAttribute('aria-valuetext', brief(state.r))
  $('horizon').value = state.h
  $('bug').checked = Boolean(state.bug)
  $('neuron-scrub').max = state.h
  $('neuron-scrub').value = state.n
  $('neuron-count').value = GROUPED.format(state.n)
  $('neuron-play').textContent = neuronView.playing ? t('pause') : state.n >= state.h ? t('again') : t('run')
  drawOutputs()
  drawValley()
  drawFactors()
}

const atStep = (run, n) => Math.min(n, run.course.z.length - 1)

// The escape as outputs, up to the end of the axis: a browser draws no dots along a line that leads millions of steps away.
function within(escape, most) {
  const beyond = escape.findIndex(([n]) => n > most)
  return escape.slice(0, beyond < 0 ? escape.length : beyond + 1).map(([n, z]) => [Math.min(n, 2 * most), sigmoid(z)])
}

function drawOutputs() {
  const lines = neuronView.runs.flatMap(run => [
    { kind: 'theory', colour: colourOf(run.slot), points: within(run.escape, state.h) },
    { colour: colourOf(run.slot), dash: DASH[run.slot], points: run.course.a.slice(0, state.n + 1).map((a, n) => [n, a]) },
  ])
  const balls = neuronView.runs.filter(run => run.course.a.length).map(run => {
    const n = atStep(run, state.n)
    return { x: n, y: run.course.a[n], colour: colourOf(run.slot), shape: SHAPE[run.slot] }
  })
  const label = `${t('neuron.output')} ${spokenNeuron()}`
  outputChart.draw({ label, x: { from: 0, to: state.h }, y: { from: 0, to: 1 }, xName: t('steps'), lines, balls })
}

const VALLEY_FROM = -6, VALLEY_POINTS = 200
const valleyTo = () => Math.max(6, state.z + 1)

// A loss over z, and where it is lowest and highest. Each is drawn in units of its own range: what matters is the slope under the
// point, not the unit.
function valleyOf(loss) {
  const bench = prepare(loss.program, 1, VALLEY_POINTS + 1)
  for (let n = 0; n <= VALLEY_POINTS; n++) bench.z[n] = VALLEY_FROM + (valleyTo() - VALLEY_FROM) * n / VALLEY_POINTS
  bench.run()
  const values = Array.from(bench.z, (_, n) => bench.value(n)), known = values.filter(Number.isFinite)
  const low = Math.min(...known), high = Math.max(...known), scaled = v => !Number.isFinite(v) ? NaN : high > low ? (v - low) / (high - low) : 0
  return { points: values.map((v, n) => [bench.z[n], scaled(v)]), scaled }
}

function drawValley() {
  const from = VALLEY_FROM, to = valleyTo()
  const lines = neuronView.runs.map(run => ({ colour: colourOf(run.slot), dash: DASH[run.slot], width: 1.6, points: run.valley.points }))
  const balls = neuronView.runs.flatMap(run => {
    const n = atStep(run, state.n), z = run.course.z[n]
    return z === undefined ? [] : [{ x: z, y: run.valley.scaled(valueAt(run, n)), colour: colourOf(run.slot), shape: SHAPE[run.slot] }]
  })
  const grabbed = balls[0]
  const handle = grabbed && { x: Math.min(to, Math.max(from, grabbed.x)), y: Math.min(1, Math.max(0, grabbed.y)), grab: grabBall }
  valleyChart.draw({ label: `${t('neuron.valley')} ${t('neuron.valley.note')}`, x: { from, to }, y: { from: 0, to: 1.04 }, xName: 'z', lines, balls, handle })
}

// The loss as it is, also where the book's slip trains with another.
function valueAt(run, n) {
  if (run.loss === run.shown) return run.course.value[n]
  const bench = prepare(run.shown.program, 1, 1)
  bench.z[0] = run.course.z[n]
  bench.run()
  return bench.value(0)
}

// The ball is dragged: the start follows it, and the run begins anew.
function grabBall(event) {
  event.preventDefault()
  neuronView.playing = false
  const scale = { ...valleyChart }
  const move = moved => {
    state.z = Math.round(10 * Math.min(LIMITS.z[1], Math.max(LIMITS.z[0], scale.valueAt(moved.clientX)))) / 10
    state.n = 0
    drawNeuron()
  }
  const end = () => {
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', end)
    removeEventListener('pointercancel', end)
    writeAddress()
  }
  addEventListener('pointermove', move)
  addEventListener('pointerup', end)
  addEventListener('pointercancel', end)
}

// What is to be said where numbers end before the steps that are shown: the run has no finite z, loss or gradient from there on.
function endOf(run) {
  const last = run.course.z.length - 1
  return last < 0 ? t('neuron.nowhere') : state.n > last ? t('diverged', { n: GROUPED.format(last) }) : ''
}

// Bars on a logarithmic axis with 1 in it: there lengths add where numbers multiply.
function drawFactors() {
  const host = $('factors'), width = Math.max(260, neuronView.width || host.clientWidth), narrow = width < 560
  const left = narrow ? 96 : 190, right = narrow ? 64 : 90, row = 19
  const factors = neuronView.runs.map(run => {
    const n = atStep(run, state.n)
    return { run, error: run.course.error[n] ?? NaN, slope: run.course.slope[n] ?? sigmoid(state.z) * sigmoid(-state.z), gradient: run.course.gradient[n] ?? NaN }
  })
  const sizes = neuronView.runs.flatMap(run => ['error', 'slope', 'gradient'].flatMap(name => [run.course[name][0], run.course[name].at(-1)].map(Math.abs))).filter(v => v > 0 && Number.isFinite(v))
  const low = Math.max(-12, Math.min(-3, Math.floor(Math.log10(Math.min(1, ...sizes))))), high = Math.min(12, Math.max(1, Math.ceil(Math.log10(Math.max(1, ...sizes)))))
  const X = v => left + (Math.min(high, Math.max(low, Math.log10(v))) - low) / (high - low) * (width - left - right)
  const height = factors.length * (3 * row + 34) + 24
  const spoken = factors.map(({ run, error, slope, gradient }) => {
    const factorsNow = t('factors.said', { loss: runTitle(run), error: brief(error), slope: brief(slope), gradient: brief(gradient) })
    return endOf(run) ? `${factorsNow} ${endOf(run)}${t('stop')}` : factorsNow
  }).join(' ')
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': spoken || t('neuron.factors') })
  for (const v of powers(10 ** low, 10 ** high, narrow ? 4 : 9)) {
    picture.append(svg('path', { class: v === 1 ? 'axis' : 'grid', d: `M${X(v)} 6V${height - 20}` }))
    picture.append(svg('text', { x: X(v), y: height - 5, 'text-anchor': 'middle' }, brief(v)))
  }
  picture.append(svg('path', { class: 'axis', d: `M${X(1)} 6V${height - 20}` }))
  factors.forEach(({ run, ...sizesOf }, k) => {
    const top = 10 + k * (3 * row + 34), title = svg('text', { x: 0, y: top + 8, class: 'tip' }, runTitle(run), ...endOf(run) ? [svg('tspan', { dx: 10, class: 'end' }, endOf(run))] : [])
    title.style.fill = colourOf(run.slot)
    picture.append(title)
    ;['error', 'slope', 'gradient'].forEach((name, line) => {
      const size = Math.abs(sizesOf[name]), y = top + 17 + line * row, from = Math.min(X(1), X(size || 1e-300)), to = Math.max(X(1), X(size || 1e-300))
      const bar = svg('rect', { x: from || 0, y, width: Math.max(1, to - from) || 0, height: row - 6, rx: 2 })
      bar.style.fill = colourOf(run.slot)
      bar.style.opacity = name === 'gradient' ? 1 : 0.55
      picture.append(svg('text', { x: left - 10, y: y + 11, 'text-anchor': 'end' }, t(narrow ? `${name}.short` : `${name}.long`)), ...Number.isNaN(size) ? [] : [bar])
      picture.append(svg('text', { x: width, y: y + 11, 'text-anchor': 'end', class: name === 'gradient' ? 'tip' : '' }, brief(sizesOf[name])))
    })
  })
  host.replaceChildren(picture)
}

function spokenNeuron() {
  const said = neuronView.runs.filter(run => run.course.a.length).map(run => `${runTitle(run)} ${brief(run.course.a[atStep(run, state.n)])}`)
  return t('neuron.said', { n: state.n, outputs: said.join(t('list')) })
}

function goTo(n) {
  neuronView.playing = false
  state.n = Math.max(0, Math.min(state.h, n))
  drawNeuron()
  $('neuron-said').textContent = spokenNeuron()
  writeAddress()
}

function playNeuron() {
  if (neuronView.playing) return goTo(state.n)
  if (reduced.matches) return goTo(state.h)
  if (state.n >= state.h) state.n = 0
  const turn = neuronView.playing = {} // a later run, or a pause, takes its place
  let before = performance.now(), position = state.n
  const frame = now => {
    if (neuronView.playing !== turn) return
    position += Math.max(0, now - before) / 1000 * state.h / SECONDS_OF_RUN // a frame may have begun before the click
    before = now
    state.n = Math.min(state.h, Math.floor(position))
    if (state.n >= state.h) return goTo(state.h)
    drawNeuron()
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  drawNeuron()
}

function wireNeuron() {
  const anew = change => event => {
    change(event.target)
    neuronView.playing = false
    state.n = 0
    drawNeuron()
    writeAddress()
  }
  $('start').addEventListener('input', anew(slider => { state.z = Number(slider.value) }))
  $('rate').addEventListener('input', anew(slider => { state.r = Number((10 ** slider.value).toPrecision(3)) }))
  $('horizon').addEventListener('change', anew(select => { state.h = Number(select.value) }))
  $('bug').addEventListener('change', anew(box => { state.bug = Number(box.checked) }))
  $('neuron-scrub').addEventListener('input', event => goTo(Number(event.target.value)))
  $('neuron-reset').addEventListener('click', () => goTo(0))
  $('neuron-back').addEventListener('click', () => goTo(state.n - 1))
  $('neuron-step').addEventListener('click', () => goTo(state.n + 1))
  $('neuron-play').addEventListener('click', playNeuron)
}

function neuronPickers() {
  drawPickers($('neuron-losses'), ['a', 'b', 'c'], () => { neuronView.playing = false; state.n = 0; refresh() })
}

// Numbers that answers speak of.
function neuronFacts() {
  const named = {}
  for (const run of neuronView.runs) {
    const key = run.slot.toUpperCase(), half = stepsToHalf(trainNeuron(run.loss.program, state.z, state.r, 20000))
    named[`half${key}`] = Number.isFinite(half) ? GROUPED.format(half) : t('never', { n: '20,000' })
    named[`loss${key}`] = runTitle(run)
    named[`end${key}`] = brief(run.course.a.at(-1))
    named[`pull${key}`] = brief(run.course.gradient[0])
    named[`most${key}`] = brief(Math.max(...run.course.gradient))
    named[`mostAt${key}`] = brief(run.course.a[run.course.gradient.indexOf(Math.max(...run.course.gradient))])
  }
  return named
}
