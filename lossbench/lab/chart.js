// Charts: axes, lines, points, drawn as SVG at the size that there is. Text goes in as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg'

function svg(name, given = {}, ...children) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

function html(name, given = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else if (value === true) made.setAttribute(key, '')
    else if (value !== false && value !== undefined) made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

function ticks(from, to, count) {
  const rough = (to - from) / count, power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find(m => m * power >= rough)
  const found = []
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + 1e-9 * step; k++) found.push(k * step)
  return found
}

// Powers of ten on an axis, at most so many; 1 is among them wherever it is on the axis.
function powers(from, to, most) {
  const low = Math.log10(from) - 1e-9, high = Math.log10(to) + 1e-9
  let by = 1
  const count = () => Math.floor(high / by) - Math.ceil(low / by) + 1
  while (count() > most) by++
  return Array.from({ length: Math.max(0, count()) }, (_, k) => 10 ** ((Math.ceil(low / by) + k) * by))
}

const GROUPED = new Intl.NumberFormat('en')
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function brief(x) {
  if (x === 0) return '0'
  if (!Number.isFinite(x)) return x === Infinity ? '∞' : x === -Infinity ? '−∞' : '–'
  const size = Math.abs(x)
  if (size >= 1e5 || size < 1e-3) {
    let power = Math.floor(Math.log10(size)), digits = (size / 10 ** power).toFixed(1)
    if (digits === '10.0') { digits = '1.0'; power++ }
    const exponent = [...String(Math.abs(power))].map(d => RAISED[d]).join('')
    return `${x < 0 ? '−' : ''}${digits === '1.0' ? '' : `${digits}·`}10${power < 0 ? '⁻' : ''}${exponent}`
  }
  const text = size >= 100 ? GROUPED.format(Math.round(size)) : String(Number(size.toPrecision(3)))
  return (x < 0 ? '−' : '') + text
}

// Sets what has changed and nothing else: whatever is set anew is styled, laid out and painted anew.
function renew(element, attributes, style = {}) {
  const kept = element.kept ??= {}
  for (const [name, value] of Object.entries(attributes)) if (kept[name] !== value) element.setAttribute(name, kept[name] = value)
  for (const [name, value] of Object.entries(style)) if (kept[`style.${name}`] !== value) element.style[name] = kept[`style.${name}`] = value
}

function renewText(element, text) {
  if (element.keptText !== text) element.textContent = element.keptText = text
}

const EDGE = { left: 50, right: 22, top: 10, bottom: 38 }

// A chart is drawn once, and then only what differs from what stands there: lines and points at every frame, axes when they change.
class Chart {
  constructor(host, height = 280) {
    Object.assign(this, { host, height, drawn: null, width: 0, axes: '', shapes: '' })
    new ResizeObserver(() => { // a width that is asked for between two changes would be worked out for nothing
      if (host.clientWidth === this.width) return
      this.width = host.clientWidth
      if (this.drawn) this.draw(this.drawn)
    }).observe(host)
  }

  // { label, x: {from, to}, y: {from, to, log}, xName, lines: [{points, colour, dash, kind, width}], balls, handle }
  draw(given) {
    this.drawn = given
    const width = Math.max(220, this.width || this.host.clientWidth), { height } = this
    const place = (axis, low, high) => {
      const f = axis.log ? Math.log10 : v => v, from = f(axis.from), to = f(axis.to)
      return v => low + (f(v) - from) / (to - from) * (high - low)
    }
    const X = place(given.x, EDGE.left, width - EDGE.right), Y = place(given.y, height - EDGE.bottom, EDGE.top)
    this.valueAt = clientX => {
      const at = clientX - this.host.getBoundingClientRect().left
      return given.x.from + (at - EDGE.left) / (width - EDGE.left - EDGE.right) * (given.x.to - given.x.from)
    }
    const axes = JSON.stringify([width, given.x, given.y, given.xName])
    if (axes !== this.axes) this.frame(given, width, X, Y)
    this.axes = axes
    renew(this.picture, { 'aria-label': given.label })
    this.drawLines(given.lines, X, Y, width)
    const inside = (axis, v) => Math.min(axis.to, Math.max(axis.from, v))
    this.drawBalls((given.balls ?? []).map(ball => ({ ...ball, x: X(inside(given.x, ball.x)), y: Y(inside(given.y, ball.y)) })))
    this.handle.toggleAttribute('hidden', !given.handle)
    if (given.handle) renew(this.handle, { cx: X(given.handle.x), cy: Y(given.handle.y) })
  }

  frame(given, width, X, Y) {
    const { height } = this, clip = `clip-${this.host.id}`, right = width - EDGE.right, bottom = height - EDGE.bottom
    this.picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' })
    for (const v of given.y.log ? powers(given.y.from, given.y.to, 6) : ticks(given.y.from, given.y.to, 5)) {
      this.picture.append(svg('path', { class: 'grid', d: `M${EDGE.left} ${Y(v)}H${right}` }))
      this.picture.append(svg('text', { x: EDGE.left - 12, y: Y(v) + 4, 'text-anchor': 'end' }, brief(v)))
    }
    for (const v of ticks(given.x.from, given.x.to, width < 420 ? 4 : 7)) {
      this.picture.append(svg('text', { x: X(v), y: bottom + 21, 'text-anchor': 'middle' }, v < 0 ? `−${brief(-v)}` : brief(v)))
    }
    this.picture.append(svg('path', { class: 'axis', d: `M${EDGE.left} ${bottom}H${right}` }))
    this.picture.append(svg('text', { x: right, y: height - 3, 'text-anchor': 'end' }, given.xName ?? ''))
    this.picture.append(svg('clipPath', { id: clip }, svg('rect', { x: EDGE.left, y: EDGE.top - 4, width: right - EDGE.left, height: bottom - EDGE.top + 8 })))
    this.lines = svg('g', { 'clip-path': `url(#${clip})` })
    this.balls = svg('g')
    this.shapes = ''
    this.handle = svg('circle', { class: 'handle', r: 22, fill: 'transparent' })
    this.handle.addEventListener('pointerdown', event => this.drawn.handle.grab(event))
    this.picture.append(this.lines, this.balls, this.handle)
    this.host.replaceChildren(this.picture)
  }

  drawLines(lines, X, Y, width) {
    while (this.lines.childElementCount < lines.length) this.lines.append(svg('path'))
    while (this.lines.childElementCount > lines.length) this.lines.lastChild.remove()
    for (const [n, path] of [...this.lines.children].entries()) {
      const { kind, points, colour, dash, width: thick } = lines[n]
      renew(path, { class: kind ?? 'line', d: pathOf(points, X, Y, width) }, { stroke: colour, strokeDasharray: dash ?? '', strokeWidth: thick ?? '' })
    }
  }

  drawBalls(balls) {
    const shapes = balls.map(ball => ball.shape).join()
    if (shapes !== this.shapes) this.balls.replaceChildren(...balls.map(({ shape }) => svg(shape === 'square' ? 'rect' : 'circle', { class: 'ball' })))
    this.shapes = shapes
    for (const [n, { x, y, shape, colour }] of balls.entries()) {
      // where points meet, the later is the smaller: each is seen around the next
      const place = shape === 'square' ? { x: x - 6, y: y - 6, width: 12, height: 12 } : { cx: x, cy: y, r: shape === 'dot' ? 4 : 9 }
      renew(this.balls.children[n], place, { fill: colour })
    }
  }
}

const tenth = v => Math.round(10 * v) / 10

// A path through points, no more of them than can be told apart; it is broken where a number is missing.
function pathOf(points, X, Y, width) {
  const by = Math.max(1, Math.floor(points.length / (1.5 * width)))
  let text = '', down = false
  for (let n = 0; n < points.length; n += n + by < points.length || n === points.length - 1 ? by : points.length - 1 - n) {
    const x = X(points[n][0]), y = Y(points[n][1])
    if (!Number.isFinite(x) || !Number.isFinite(y)) { down = false; continue }
    text += `${down ? 'L' : 'M'}${tenth(x)} ${tenth(Math.max(-1e4, Math.min(1e4, y)))}`
    down = true
  }
  return text || 'M0 0'
}
