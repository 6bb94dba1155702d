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

function powers(from, to, most) {
  const low = Math.ceil(Math.log10(from) - 1e-9), high = Math.floor(Math.log10(to) + 1e-9), by = Math.max(1, Math.ceil((high - low + 1) / most))
  return Array.from({ length: Math.max(0, Math.floor((high - low) / by) + 1) }, (_, k) => 10 ** (low + k * by))
}

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function brief(x) {
  if (x === 0) return '0'
  if (!Number.isFinite(x)) return x > 0 ? '∞' : Number.isNaN(x) ? '–' : '−∞'
  const size = Math.abs(x)
  if (size >= 1e5 || size < 1e-3) {
    let power = Math.floor(Math.log10(size)), digits = (size / 10 ** power).toFixed(1)
    if (digits === '10.0') { digits = '1.0'; power++ }
    const exponent = [...String(Math.abs(power))].map(d => RAISED[d]).join('')
    return `${x < 0 ? '−' : ''}${digits === '1.0' ? '' : `${digits}·`}10${power < 0 ? '⁻' : ''}${exponent}`
  }
  const text = size >= 100 ? Math.round(size).toLocaleString('en') : String(Number(size.toPrecision(3)))
  return (x < 0 ? '−' : '') + text
}

class Chart {
  constructor(host, height = 280) {
    Object.assign(this, { host, height, drawn: null })
    new ResizeObserver(() => this.drawn && this.draw(this.drawn)).observe(host)
  }

  // { label, x: {from, to, log}, y: {from, to, log}, xName, lines: [{points, colour, dash, kind, width}], balls, cursor, tags }
  draw(given) {
    this.drawn = given
    const width = Math.max(220, this.host.clientWidth), { height } = this
    const edge = { left: 46, right: 14, top: 10, bottom: 34 }
    const place = (axis, low, high) => {
      const f = axis.log ? Math.log10 : v => v, from = f(axis.from), to = f(axis.to)
      return v => low + (f(v) - from) / (to - from) * (high - low)
    }
    const X = place(given.x, edge.left, width - edge.right), Y = place(given.y, height - edge.bottom, edge.top)
    this.valueAt = clientX => {
      const at = clientX - this.host.getBoundingClientRect().left
      return given.x.from + (at - edge.left) / (width - edge.left - edge.right) * (given.x.to - given.x.from)
    }
    const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': given.label })
    const yTicks = given.y.log ? powers(given.y.from, given.y.to, 6) : ticks(given.y.from, given.y.to, 5)
    for (const v of yTicks) {
      picture.append(svg('path', { class: 'grid', d: `M${edge.left} ${Y(v)}H${width - edge.right}` }))
      picture.append(svg('text', { x: edge.left - 8, y: Y(v) + 4, 'text-anchor': 'end' }, brief(v)))
    }
    for (const v of ticks(given.x.from, given.x.to, width < 420 ? 4 : 7)) {
      picture.append(svg('text', { x: X(v), y: height - edge.bottom + 17, 'text-anchor': 'middle' }, v < 0 ? `−${brief(-v)}` : brief(v)))
    }
    picture.append(svg('path', { class: 'axis', d: `M${edge.left} ${height - edge.bottom}H${width - edge.right}` }))
    picture.append(svg('text', { x: width - edge.right, y: height - 3, 'text-anchor': 'end' }, given.xName ?? ''))
    const clip = `clip-${this.host.id}`
    picture.append(svg('clipPath', { id: clip }, svg('rect', { x: edge.left, y: edge.top - 4, width: width - edge.left - edge.right, height: height - edge.top - edge.bottom + 8 })))
    const inside = svg('g', { 'clip-path': `url(#${clip})` })
    for (const line of given.lines) {
      const path = svg('path', { class: line.kind ?? 'line', d: pathOf(line.points, X, Y, width) })
      path.style.stroke = line.colour
      if (line.dash) path.style.strokeDasharray = line.dash
      if (line.width) path.style.strokeWidth = line.width
      inside.append(path)
    }
    if (given.cursor !== undefined) inside.append(svg('path', { class: 'cursor', d: `M${X(given.cursor)} ${edge.top}V${height - edge.bottom}` }))
    picture.append(inside)
    for (const ball of given.balls ?? []) {
      const x = X(Math.min(given.x.to, Math.max(given.x.from, ball.x))), y = Y(Math.min(given.y.to, Math.max(given.y.from, ball.y)))
      const dot = svg(ball.shape === 'square' ? 'rect' : 'circle', ball.shape === 'square' ? { x: x - 6.5, y: y - 6.5, width: 13, height: 13 } : { cx: x, cy: y, r: ball.shape === 'ring' ? 5.5 : 7.5 })
      dot.setAttribute('class', 'ball')
      dot.style.fill = ball.colour
      picture.append(dot)
    }
    if (given.handle) {
      const hold = svg('circle', { class: 'handle', cx: X(given.handle.x), cy: Y(given.handle.y), r: 22, fill: 'transparent' })
      hold.addEventListener('pointerdown', event => given.handle.grab(event))
      picture.append(hold)
    }
    this.host.replaceChildren(picture)
  }
}

// A path through points, no more of them than can be told apart; it is broken where a number is missing.
function pathOf(points, X, Y, width) {
  const by = Math.max(1, Math.floor(points.length / (1.5 * width)))
  let text = '', down = false
  for (let n = 0; n < points.length; n += n + by < points.length || n === points.length - 1 ? by : points.length - 1 - n) {
    const x = X(points[n][0]), y = Y(points[n][1])
    if (!Number.isFinite(x) || !Number.isFinite(y)) { down = false; continue }
    text += `${down ? 'L' : 'M'}${x.toFixed(1)} ${Math.max(-1e4, Math.min(1e4, y)).toFixed(1)}`
    down = true
  }
  return text || 'M0 0'
}
