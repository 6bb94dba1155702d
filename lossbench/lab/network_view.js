// A small network, drawn twice: two losses from the same start, the same digits in the same order.

const EVALUATED = 5 // steps between looks at the test images while it trains, and from one frame to the next
const AT_ONCE = 100 // steps that an address may ask for without a frame in between
const STILL = 1000 // milliseconds between pictures for who wants no motion
const TOGETHER = 10 // steps of which a gradient's size is the mean
const networkView = { nets: [], playing: false, key: '', digit: null }
const accuracyChart = new Chart($('accuracy-chart'), 260), gradientChart = new Chart($('gradient-chart'), 260)

function programOf(loss) { return loss?.program && loss.network ? loss.program.several ?? loss.program : null }

function setUpNetwork() {
  const key = JSON.stringify([state.a, state.b, state.f, state.start, state.nr])
  if (key === networkView.key) return
  networkView.key = key
  networkView.nets = ['a', 'b'].map(slot => {
    const loss = lossOf(slot), program = programOf(loss)
    return { slot, loss, net: program && new Network(digits, program, state.start, state.nr), accuracy: [], means: [[], []] }
  })
  const goal = state.nn
  if (goal <= AT_ONCE) return moveTo(goal)
  state.nn = 0
  trainTo(goal)
}

const trained = () => networkView.nets.filter(({ net }) => net)

// What the test images say now; of a step that was looked at it is known, for the same step has the same parameters.
function look(run) {
  if (run.looked?.n === run.net.n) return run.looked.seen
  const seen = run.net.evaluate()
  run.looked = { n: run.net.n, seen }
  if (!run.accuracy.some(([n]) => n === run.net.n)) {
    run.accuracy.push([run.net.n, seen.accuracy])
    run.accuracy.sort((u, v) => u[0] - v[0])
  }
  return seen
}

// Every network to a step; on the way forward the test images are looked at now and then.
function moveTo(n) {
  for (const run of trained()) {
    if (n < run.net.n) run.net.seek(n)
    if (!run.accuracy.length) look(run)
    while (run.net.n < n && run.net.step()) if (run.net.n % EVALUATED === 0) look(run)
  }
  state.nn = n
}

function drawNetwork() {
  setUpNetwork()
  $('network-start').value = state.start
  $('network-rate').value = Math.log10(state.nr)
  $('network-rate-number').value = brief(state.nr)
  $('network-rate').setAttribute('aria-valuetext', brief(state.nr))
  $('network-scrub').max = digits.steps
  $('network-scrub').value = state.nn
  $('network-count').value = GROUPED.format(state.nn)
  $('network-play').textContent = networkView.playing ? t('pause') : state.nn >= digits.steps ? t('again') : t('train')
  const looks = trained().map(run => ({ run, seen: look(run) }))
  drawPanels(looks)
  drawWhy(looks)
  drawCurves()
  $('network-words').textContent = trained().filter(({ loss }) => loss.id !== FORMULA && !loss.own).map(({ loss }) =>
    `lossbench run study=lab loss=${loss.id} ${data.network.words} init=${state.start} optimizer.lr=${state.nr}`).join('\n')
}

const SHADES = 64 // a difference that nobody sees need not be painted

// From dark, where a sigmoid is flat, to light, where it is steepest.
function shade(alive) {
  const light = Math.round(SHADES * Math.sqrt(Math.min(1, Math.max(0, alive)))) / SHADES, mix = (u, v) => Math.round(u + (v - u) * light)
  return { background: `rgb(${mix(32, 242)}, ${mix(36, 241)}, ${mix(43, 236)})`, color: light > 0.41 ? '#000000' : '#ffffff' } // whichever has the contrast
}

// Panels are built for two losses and a language; from frame to frame only what they say is renewed.
function drawPanels(looks) {
  if (networkView.nets.some(run => run.panel?.lang !== state.lang)) {
    const focused = document.activeElement?.dataset?.digit
    for (const run of networkView.nets) run.panel = buildPanel(run)
    $('networks').replaceChildren(...networkView.nets.map(run => run.panel.element))
    if (focused) $('networks').querySelector(`[data-digit="${focused}"]`)?.focus()
  }
  for (const { run, seen } of looks) renewPanel(run, seen)
}

function buildPanel(run) {
  const head = html('h3', {}, keyOf(run.slot), run.loss ? titleOf(run.loss) : ''), { lang } = state
  if (!run.net) return { lang, element: html('div', { class: 'panel' }, head, html('p', {}, run.loss?.problem ? problemText(run.loss.problem) : t('network.alone'))) }
  const share = html('span'), stopped = html('small'), units = html('div', { class: 'units', role: 'img' }, ...Array.from({ length: HIDDEN }, () => html('i')))
  const buttons = Array.from({ length: OUTPUTS }, (_, digit) => html('button', { type: 'button', 'data-digit': `${run.slot}${digit}`, onclick: () => chooseDigit(run.slot, digit) },
    html('b', {}, String(digit)), html('span')))
  const element = html('div', { class: 'panel' }, head, html('div', { class: 'big' }, share, html('small', {}, t('network.right')), stopped),
    html('h4', {}, t('network.hidden')), units, html('h4', {}, t('network.outputs')), html('div', { class: 'digits', role: 'group', 'aria-label': t('part', { loss: titleOf(run.loss), part: t('network.outputs') }) }, ...buttons),
    html('p', { class: 'scale' }, t('network.flat'), html('i'), t('network.steep')))
  return { lang, element, share, stopped, units, buttons }
}

function chooseDigit(slot, digit) {
  const { digit: chosen } = networkView
  networkView.digit = chosen?.slot === slot && chosen.digit === digit ? null : { slot, digit }
  drawNetwork()
  if (networkView.digit) $('why').scrollIntoView({ block: 'nearest' }) // on a phone the answer stands below both networks
}

function renewPanel({ panel, net, slot, loss }, seen) {
  renewText(panel.share, `${percent(seen.accuracy, 1)} `)
  renewText(panel.stopped, net.n < state.nn ? t('diverged', { n: GROUPED.format(net.n) }) : '')
  renew(panel.units, { 'aria-label': t('part', { loss: titleOf(loss), part: t('network.hidden.said', { flat: seen.hidden.filter(alive => alive < 0.05).length }) }) })
  seen.hidden.forEach((alive, j) => renew(panel.units.children[j], {}, { background: shade(alive).background }))
  const chosen = networkView.digit?.slot === slot ? networkView.digit.digit : -1
  panel.buttons.forEach((button, digit) => {
    const never = seen.answered[digit] === 0, share = `${Math.round(100 * seen.recall[digit])}%`
    const label = t(never ? 'network.digit.never' : 'network.digit.said', { digit, share: percent(seen.recall[digit], 0) })
    renew(button, { class: never ? 'never' : '', 'aria-pressed': String(digit === chosen), 'aria-label': label }, shade(seen.alive[digit]))
    renewText(button.lastChild, never ? t('network.never') : share)
  })
}

// A test image, dark on white.
function imageOf(index) {
  const canvas = html('canvas', { width: 8, height: 8, role: 'img' }), pen = canvas.getContext('2d'), pixels = pen.createImageData(8, 8)
  for (let i = 0; i < INPUTS; i++) {
    const grey = 255 - Math.round(digits.testPixels[index * INPUTS + i] / (digits.levels.length - 1) * 235)
    pixels.data.set([grey, grey, grey, 255], 4 * i)
  }
  pen.putImageData(pixels, 0, 0)
  return canvas
}

// Why a digit is answered, or never is: its first test image, and the three factors at its own output there.
function drawWhy(looks) {
  const asked = networkView.digit, found = asked && looks.find(({ run }) => run.slot === asked.slot), host = $('why')
  host.hidden = !found
  if (!found) return
  const { run, seen } = found, { digit } = asked, image = digits.testLabels.indexOf(digit), { testing: at } = run.net
  if (host.shownDigit !== digit) {
    host.replaceChildren(imageOf(image), html('div', {}, html('p', {}, html('b')), html('p'), html('p'), html('p')))
    host.shownDigit = digit
  }
  renew(host, { 'aria-live': networkView.playing ? 'off' : 'polite' }) // nobody can listen to sixty sentences a second
  const z = at.loss.z[digit * at.examples + image], a = sigmoid(z), slope = a * sigmoid(-z), pull = at.loss.gradient(digit, image)
  const given = {
    digit, loss: titleOf(run.loss), members: seen.members[digit], right: Math.round(seen.recall[digit] * seen.members[digit]), a: brief(a), z: brief(z),
    slope: brief(slope), error: brief(pull === 0 ? 0 : pull / slope), pull: brief(pull), weaker: brief(0.25 / slope),
  }
  renew(host.firstChild, { 'aria-label': t('why.image', given) })
  const [verdict, answer, factors, reason] = host.lastChild.children
  renewText(verdict.firstChild, t(seen.answered[digit] === 0 ? 'why.never' : 'why.answered', given))
  renewText(factors, t(Number.isFinite(pull) ? 'why.factors' : 'why.endless', given))
  const outputs = Array.from({ length: OUTPUTS }, (_, c) => at.loss.z[c * at.examples + image]), best = outputs.indexOf(Math.max(...outputs))
  renewText(answer, best === digit ? '' : t('why.other', { best, top: brief(sigmoid(outputs[best])) }))
  renewText(reason, t(run.net.n >= run.net.diverged ? 'why.ended' : slope < 0.0125 ? 'why.flat' : 'why.steep', given))
}

function drawCurves() {
  const runs = trained(), upTo = ({ net, accuracy }) => accuracy.filter(([n]) => n <= net.n)
  accuracyChart.draw({
    label: `${t('network.accuracy')} ${spokenNetwork()}`, x: { from: 0, to: digits.steps }, y: { from: 0, to: 1 }, xName: t('steps'),
    lines: runs.map(run => ({ colour: colourOf(run.slot), dash: DASH[run.slot], points: upTo(run) })),
    balls: runs.map(run => ({ x: run.net.n, y: upTo(run).at(-1)[1], colour: colourOf(run.slot), shape: SHAPE[run.slot] })),
  })
  const lines = runs.flatMap(run => [0, 1].map(layer => ({
    colour: colourOf(run.slot), dash: layer ? '' : '1 5', width: layer ? 2 : 2.4,
    points: means(run, layer),
  })))
  const sizes = lines.flatMap(line => line.points.map(point => point[1])).filter(v => v > 0 && Number.isFinite(v))
  let low = Infinity, high = -Infinity
  for (const size of sizes) { low = Math.min(low, size); high = Math.max(high, size) }
  const from = sizes.length ? 10 ** Math.floor(Math.log10(low)) : 1e-3, to = sizes.length ? 10 ** Math.ceil(Math.log10(high) + 1e-9) : 1
  gradientChart.draw({ label: `${t('network.gradients')} ${spokenGradients(runs)}`, x: { from: 0, to: digits.steps }, y: { from: Math.max(from, to * 1e-36), to: to > from ? to : from * 10, log: true }, xName: t('steps'), lines })
}

// Sizes of a layer's gradient up to now, each the mean of ten steps, so that a course is seen in what mini-batches scatter.
function means(run, layer) {
  const { norms, n: upTo } = run.net, kept = run.means[layer]
  for (let n = TOGETHER * kept.length; n + TOGETHER <= upTo; n += TOGETHER) {
    let sum = 0
    for (let k = 0; k < TOGETHER; k++) sum += norms[n + k][layer]
    kept.push([n + TOGETHER / 2, sum / TOGETHER])
  }
  return kept.slice(0, Math.floor(upTo / TOGETHER))
}

function spokenGradients(runs) {
  const known = runs.map(run => [run, means(run, 0).at(-1), means(run, 1).at(-1)]).filter(([, inner]) => inner)
  return known.map(([run, inner, outer]) => t('network.sizes', { loss: titleOf(run.loss), inner: brief(inner[1]), outer: brief(outer[1]) })).join(t('semicolon'))
}

function spokenNetwork() {
  return t('network.said', { n: state.nn, accuracies: trained().map(run => `${titleOf(run.loss)} ${percent(run.accuracy.findLast(([n]) => n <= run.net.n)?.[1] ?? 0, 1)}`).join(t('list')) })
}

function goToStep(n) {
  networkView.playing = false
  moveTo(Math.max(0, Math.min(digits.steps, n)))
  drawNetwork()
  $('network-said').textContent = spokenNetwork()
  writeAddress()
}

// Train on, frame by frame, up to a step; then call back.
function trainTo(goal, then = () => {}) {
  const turn = networkView.playing = {} // a later run, or a pause, takes its place
  let drawn = performance.now()
  const frame = () => {
    if (networkView.playing !== turn) return
    const began = performance.now()
    moveTo(Math.min(goal, state.nn + EVALUATED - state.nn % EVALUATED))
    if (state.nn >= goal) {
      goToStep(goal)
      return then()
    }
    if (!reduced.matches || began - drawn > STILL) {
      drawn = began
      drawNetwork()
    }
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  drawNetwork()
}

function playNetwork() {
  if (networkView.playing) return goToStep(state.nn)
  if (state.nn >= digits.steps) moveTo(0)
  trainTo(digits.steps)
}

function wireNetwork() {
  const anew = change => event => {
    change(event.target)
    networkView.playing = false
    state.nn = 0
    drawNetwork()
    writeAddress()
  }
  $('network-start').addEventListener('change', anew(select => { state.start = select.value }))
  $('network-rate').addEventListener('input', anew(slider => { state.nr = Number((10 ** slider.value).toPrecision(3)) }))
  $('network-scrub').addEventListener('input', event => goToStep(Number(event.target.value)))
  $('network-reset').addEventListener('click', () => goToStep(0))
  $('network-back').addEventListener('click', () => goToStep(state.nn - 1))
  $('network-step').addEventListener('click', () => goToStep(state.nn + 1))
  $('network-play').addEventListener('click', playNetwork)
}

function networkPickers() {
  drawPickers($('network-losses'), ['a', 'b'], () => { networkView.playing = false; state.nn = 0; refresh() })
}

function networkFacts() {
  const named = {}
  for (const run of trained()) {
    const key = run.slot.toUpperCase(), seen = look(run), never = seen.answered.flatMap((count, digit) => count ? [] : [digit])
    named[`loss${key}`] = titleOf(run.loss)
    named[`accuracy${key}`] = percent(seen.accuracy, 1)
    named[`never${key}`] = never.length ? never.join(t('list')) : t('none')
  }
  return named
}
