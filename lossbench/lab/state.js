// What the reader has chosen. All of it stands in the address, so that a lesson can link to a state of the page.

const data = JSON.parse(document.getElementById('data').textContent)
const digits = unpackDigits(data.network)
const losses = new Map(data.losses.map(loss => [loss.id, loss]))
const FORMULA = 'formula', BUG = 'slope_left_out', BUGGED = 'cross_entropy'
const own = data.losses.find(loss => loss.own)

const DEFAULTS = {
  view: 'neuron', a: 'cross_entropy', b: 'half_squared_error', c: own && !['cross_entropy', 'half_squared_error'].includes(own.id) ? own.id : '',
  f: '(a − y)²/2 + 0.1·softplus(z)', z: 4, r: 0.15, h: 300, bug: 0, n: 0, start: 'saturated', nr: 0.3, nn: 0, q: 0,
  lang: (navigator.language || 'en').toLowerCase().startsWith('zh') ? 'zh' : 'en',
}
const LIMITS = { z: [0, 20], r: [1e-3, 10], h: [100, 10000], n: [0, 10000], nr: [1e-2, 10], nn: [0, digits.steps], q: [0, data.questions.length], bug: [0, 1] }
const CHOICES = {
  view: ['neuron', 'network'], start: ['gentle', 'saturated'], lang: Object.keys(data.texts), h: [100, 300, 1000, 3000, 10000],
  a: [...losses.keys(), FORMULA], b: [...losses.keys(), FORMULA], c: ['', ...losses.keys(), FORMULA],
}
const WHOLE = ['h', 'n', 'nn', 'q', 'bug']

// One value of the address, kept within what is possible; undefined where it says nothing.
function understood(key, text) {
  let value = text
  if (typeof DEFAULTS[key] === 'number') {
    value = text.trim() === '' ? NaN : Number(text)
    if (!Number.isFinite(value)) return undefined
    if (WHOLE.includes(key)) value = Math.round(value)
    if (LIMITS[key]) value = Math.min(LIMITS[key][1], Math.max(LIMITS[key][0], value))
  }
  if (key === 'f') return value.slice(0, LONGEST_FORMULA)
  return CHOICES[key] && !CHOICES[key].includes(value) ? undefined : value
}

// What stands where the address says nothing: the defaults, and what a question sets up.
function basis(q) { return { ...DEFAULTS, ...(q ? { c: '', ...data.questions[q - 1], q } : {}) } }

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1)), read = basis(understood('q', words.get('q') ?? '') ?? 0)
  for (const [key, text] of words) {
    const value = Object.hasOwn(DEFAULTS, key) ? understood(key, text) : undefined
    if (value !== undefined) read[key] = value
  }
  return read
}

const state = readAddress()
let lastWritten = null

function writeAddress() {
  const words = new URLSearchParams()
  const unsaid = { ...basis(state.q), q: 0 }
  for (const [key, value] of Object.entries(state)) if (value !== unsaid[key]) words.set(key, String(value))
  lastWritten = words.toString() ? `#${words}` : '#'
  if (lastWritten !== (location.hash || '#')) history.replaceState(null, '', lastWritten)
}

// The text of a key in the reader's language, {name} filled in.
function t(key, given = {}) {
  const text = data.texts[state.lang][key] ?? data.texts.en[key] ?? key
  return text.replace(/\{(\w+)\}/g, (whole, name) => name in given ? String(given[name]) : whole)
}

const percent = (share, places) => t('percent', { n: (100 * share).toFixed(places) })

const $ = id => document.getElementById(id)
const reduced = matchMedia('(prefers-reduced-motion: reduce)')

let formulaKept = { text: null }

// The typed loss: { program, formula, derivative } or { problem }, worked out once for each text.
function typedLoss() {
  if (formulaKept.text !== state.f) {
    formulaKept = { text: state.f, id: FORMULA, network: true }
    try {
      Object.assign(formulaKept, formulaLoss(state.f))
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error
      formulaKept.problem = error
    }
  }
  return formulaKept
}

function lossOf(slot) {
  const id = state[slot]
  return id === '' ? null : id === FORMULA ? typedLoss() : losses.get(id)
}

function titleOf(loss) {
  const named = data.texts[state.lang][`loss.${loss.id}`]
  return loss.id === FORMULA ? t('formula') : named ?? loss.title
}

// A formula's signs are everybody's; what stands in words around them is said in the reader's language.
function formulaOf(loss) {
  if (loss.own) return loss.formula
  const phrases = data.texts[state.lang]['loss.phrases'] ?? {}
  return Object.entries(phrases).reduce((text, [words, same]) => text.replaceAll(words, same), loss.formula).replace(/\.$/, t('stop'))
}

// A loss's colour: cross entropy and half squared error have their own, as in every report; others take that of their slot.
const FIXED = { cross_entropy: '--ce', half_squared_error: '--hse' }
const SLOT = { a: '--one', b: '--two', c: '--own' }
const DASH = { a: '', b: '7 4', c: '2 4' }
const SHAPE = { a: 'circle', b: 'square', c: 'dot' }

function colourOf(slot) {
  const used = Object.keys(SLOT).find(other => state[other] === state[slot])
  return `var(${(used === slot && FIXED[state[slot]]) || SLOT[slot]})`
}

function keyOf(slot) {
  const line = svg('path', { d: 'M2 6H32', class: 'line' })
  line.style.stroke = colourOf(slot)
  line.style.strokeDasharray = DASH[slot]
  return svg('svg', { class: 'key', viewBox: '0 0 34 12', 'aria-hidden': 'true' }, line)
}

function problemText(problem) {
  const [first, second] = problem.given
  return t(problem.key, { first: first ?? '', second: Array.isArray(second) ? second.join(t('list')) : second ?? '' })
}

// The pickers of a view: a select for each slot, the formula's field under the slot that asks for it.
function drawPickers(host, slots, changed) {
  const focused = document.activeElement?.dataset?.pick
  host.replaceChildren(...slots.map(slot => {
    const select = html('select', { 'data-pick': `${host.id}-${slot}`, id: `${host.id}-${slot}`, onchange: event => { state[slot] = event.target.value; changed() } })
    const option = (id, text) => select.append(html('option', { value: id, selected: state[slot] === id }, text))
    if (slot === 'c') option('', t('none'))
    option(FORMULA, t('formula.pick'))
    for (const loss of losses.values()) option(loss.id, loss.own ? `★ ${titleOf(loss)}` : titleOf(loss))
    const box = html('div', { class: 'loss' }, html('label', { for: select.id }, t(`slot.${slot}`)), html('div', { class: 'pick' }, select, ...state[slot] ? [keyOf(slot)] : []))
    const loss = lossOf(slot)
    if (loss?.id === FORMULA) {
      const field = html('input', {
        type: 'text', 'data-pick': `${host.id}-${slot}-f`, 'aria-label': t('formula.label'), maxlength: LONGEST_FORMULA, spellcheck: 'false', autocomplete: 'off', value: state.f,
        onchange: event => { state.f = event.target.value; changed() },
      })
      box.append(field)
      if (loss.problem) box.append(html('p', { class: 'problem', role: 'alert' }, problemText(loss.problem)))
      else box.append(html('p', { class: 'formula' }, ...typeset(`dℓ/dz = ${loss.derivative}`)))
    } else if (loss?.formula) box.append(html('p', { class: 'formula' }, ...typeset(formulaOf(loss))))
    if (loss?.program?.table) box.append(html('p', { class: 'formula' }, t('table')))
    return box
  }))
  if (focused) host.querySelector(`[data-pick="${focused}"]`)?.focus()
}
