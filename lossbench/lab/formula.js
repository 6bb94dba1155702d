// A reader's own loss, typed as a formula of z, y and a = σ(z): parsed, derived, and written as the same steps that lossbench writes.

const LONGEST_FORMULA = 300, DEEPEST = 40
const TRIED = 320 // z from −20 to 20, for a formula that is a number nowhere
const FUNCTIONS = { exp: 1, log: 1, ln: 1, log1p: 1, expm1: 1, sigmoid: 1, softplus: 1, tanh: 1, sqrt: 1, abs: 1, sign: 1, relu: 1, max: 2, min: 2 }
const SPELLINGS = [[/\*\*/g, '^'], [/[·×∙]/g, '*'], [/[−–]/g, '-'], [/÷/g, '/'], [/²/g, '^2'], [/³/g, '^3'], [/½/g, '0.5'], [/σ/g, 'sigmoid'], [/（/g, '('], [/）/g, ')'], [/，/g, ',']]

class FormulaError extends Error {
  constructor(key, ...given) { super(key); this.key = key; this.given = given }
}

const number = n => ({ op: 'const', number: n, args: [] })
const node = (op, ...args) => ({ op, args })
const isNumber = (e, n) => e.op === 'const' && (n === undefined || e.number === n)
const Z = node('z'), Y = node('y')

// What builds an expression also shortens it: 0·x, 1·x, x + 0; and it keeps digits: log σ(u) = −softplus(−u), 1 − σ(u) = σ(−u).
function neg(u) { return isNumber(u) ? number(-u.number) : u.op === 'neg' ? u.args[0] : node('neg', u) }
function add(u, v) {
  if (isNumber(u) && isNumber(v)) return number(u.number + v.number)
  if (isNumber(u, 0)) return v
  if (isNumber(v, 0)) return u
  return v.op === 'neg' ? sub(u, v.args[0]) : node('add', u, v)
}
function sub(u, v) {
  if (isNumber(u) && isNumber(v)) return number(u.number - v.number)
  if (isNumber(v, 0)) return u
  if (isNumber(u, 0)) return neg(v)
  if (isNumber(u, 1) && v.op === 'sigmoid') return apply('sigmoid', neg(v.args[0]))
  return v.op === 'neg' ? add(u, v.args[0]) : node('sub', u, v)
}
function mul(u, v) {
  if (isNumber(u) && isNumber(v)) return number(u.number * v.number)
  if (isNumber(u, 0) || isNumber(v, 0)) return number(0)
  if (isNumber(u, 1)) return v
  if (isNumber(v, 1)) return u
  if (isNumber(u, -1)) return neg(v)
  if (isNumber(v, -1)) return neg(u)
  if (u.op === 'neg') return neg(mul(u.args[0], v))
  if (v.op === 'neg') return neg(mul(u, v.args[0]))
  return isNumber(v) ? node('mul', v, u) : node('mul', u, v)
}
function div(u, v) {
  if (isNumber(u) && isNumber(v)) return number(u.number / v.number)
  if (isNumber(u, 0)) return u
  if (isNumber(v, 1)) return u
  return u.op === 'neg' ? neg(div(u.args[0], v)) : node('div', u, v)
}
// As somebody typed it: 0·x and 0/x are 0 only where x is a number, and not 0.
function times(u, v) { return isNumber(u, 0) && !isNumber(v) || isNumber(v, 0) && !isNumber(u) ? node('mul', u, v) : mul(u, v) }
function over(u, v) { return isNumber(u, 0) && !isNumber(v) ? node('div', u, v) : div(u, v) }
function pow(u, v) {
  if (isNumber(u) && isNumber(v)) return number(u.number ** v.number)
  return isNumber(v, 0) ? number(1) : isNumber(v, 1) ? u : node('pow', u, v)
}
function apply(name, u) {
  if (name === 'ln') name = 'log'
  if (name === 'log' && isNumber(u, Math.E)) return number(1)
  if (name === 'relu') return node('max', u, number(0))
  if (name === 'log' && u.op === 'sigmoid') return neg(apply('softplus', neg(u.args[0])))
  return node(name, u)
}

function tokens(text) {
  if (text.length > LONGEST_FORMULA) throw new FormulaError('formula.long', LONGEST_FORMULA)
  for (const [written, meant] of SPELLINGS) text = text.replace(written, meant)
  const found = [], pattern = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|([-+*/^(),]))/y
  while (text.slice(pattern.lastIndex).trim()) {
    const start = pattern.lastIndex, match = pattern.exec(text)
    if (!match) throw new FormulaError('formula.letter', text.slice(start).trim()[0])
    found.push(match[1] !== undefined ? { number: Number(match[1]) } : match[2] !== undefined ? { name: match[2] } : { sign: match[3] })
  }
  return found
}

function parse(text) {
  const all = tokens(text)
  let next = 0, depth = 0
  const sign = (...signs) => next < all.length && signs.includes(all[next].sign)
  const shown = () => { const t = all[next]; return t === undefined ? '' : String(t.sign ?? t.name ?? t.number) }
  const expect = wanted => { if (!sign(wanted)) throw new FormulaError(next < all.length ? 'formula.expected' : 'formula.end', wanted, shown()); next++ }
  function sum() {
    if (++depth > DEEPEST) throw new FormulaError('formula.deep')
    let left = product()
    while (sign('+', '-')) left = all[next++].sign === '+' ? add(left, product()) : sub(left, product())
    depth--
    return left
  }
  function product() {
    let left = signed()
    for (;;) {
      if (sign('*', '/')) left = all[next++].sign === '*' ? times(left, signed()) : over(left, signed())
      else if (next < all.length && (all[next].name !== undefined || sign('('))) left = times(left, power()) // 2z, 2(a − y)
      else return left
    }
  }
  function signed() {
    if (++depth > DEEPEST) throw new FormulaError('formula.deep')
    const result = sign('-') ? (next++, neg(signed())) : sign('+') ? (next++, signed()) : power()
    depth--
    return result
  }
  function power() {
    const base = atom()
    return sign('^') ? (next++, pow(base, signed())) : base
  }
  function atom() {
    const token = all[next]
    if (token === undefined) throw new FormulaError('formula.end', '…', '')
    next++
    if (token.number !== undefined) return number(token.number)
    if (token.sign === '(') { const inner = sum(); expect(')'); return inner }
    if (token.name === 'z') return Z
    if (token.name === 'y') return Y
    if (token.name === 'a' || token.name === 'p') return apply('sigmoid', Z)
    if (token.name === 'pi') return number(Math.PI)
    if (token.name === 'e') return number(Math.E)
    const arity = Object.hasOwn(FUNCTIONS, token.name ?? '') ? FUNCTIONS[token.name] : 0
    if (!arity) throw token.name === undefined ? new FormulaError('formula.unexpected', token.sign) : new FormulaError('formula.unknown', token.name, Object.keys(FUNCTIONS))
    expect('(')
    const given = [sum()]
    while (sign(',')) { next++; given.push(sum()) }
    expect(')')
    if (given.length !== arity) throw new FormulaError('formula.arity', token.name, arity)
    return arity === 1 ? apply(token.name, given[0]) : node(token.name, ...given)
  }
  if (!all.length) throw new FormulaError('formula.empty')
  const whole = sum()
  if (next < all.length) throw new FormulaError('formula.unexpected', shown())
  return whole
}

// d/dz of an expression; y is a constant.
function derivative(e) {
  const [u, v] = e.args
  if (e.op === 'z') return number(1)
  if (e.op === 'y' || e.op === 'const' || e.op === 'sign') return number(0)
  const du = derivative(u), dv = v && derivative(v)
  switch (e.op) {
    case 'neg': return neg(du)
    case 'add': return add(du, dv)
    case 'sub': return sub(du, dv)
    case 'mul': return add(mul(du, v), mul(u, dv))
    case 'div': return sub(div(du, v), isNumber(dv, 0) ? number(0) : div(mul(u, dv), pow(v, number(2))))
    case 'pow': return isNumber(dv, 0)
      ? isNumber(du, 0) ? number(0) : mul(mul(v, pow(u, sub(v, number(1)))), du)
      : mul(e, add(mul(dv, apply('log', u)), isNumber(du, 0) ? number(0) : div(mul(v, du), u)))
    case 'exp': return mul(e, du)
    case 'expm1': return mul(apply('exp', u), du)
    case 'log': return div(du, u)
    case 'log1p': return div(du, add(number(1), u))
    case 'sigmoid': return mul(mul(e, apply('sigmoid', neg(u))), du)
    case 'softplus': return mul(apply('sigmoid', u), du)
    case 'tanh': return mul(sub(number(1), pow(e, number(2))), du)
    case 'sqrt': return div(du, mul(number(2), e))
    case 'abs': return mul(node('sign', u), du)
    case 'max': return isNumber(du, 0) && isNumber(dv, 0) ? number(0) : node('where', node('lt', u, v), dv, du)
    case 'min': return isNumber(du, 0) && isNumber(dv, 0) ? number(0) : node('where', node('lt', v, u), dv, du)
  }
  throw new FormulaError('formula.unknown', e.op, '')
}

const PRECEDENCE = { add: 1, sub: 1, mul: 2, div: 2, neg: 2, pow: 4 }
const SIGNS = { add: ' + ', sub: ' − ', mul: '·', div: '/', pow: '^' }

function digitsOf(n) { return n === Math.E ? 'e' : n === Math.PI ? 'π' : Number.isFinite(n) ? String(Number(n.toPrecision(12))) : '∞' }

function written(e, above = 0) {
  const here = PRECEDENCE[e.op] ?? 9
  let text
  if (e.op === 'const') text = e.number < 0 ? `−${digitsOf(-e.number)}` : digitsOf(e.number)
  else if (e.op === 'z' || e.op === 'y') text = e.op
  else if (e.op === 'sigmoid' && e.args[0] === Z) text = 'a'
  else if (e.op === 'sigmoid' && e.args[0].op === 'neg' && e.args[0].args[0] === Z) { text = '(1 − a)' }
  else if (e.op === 'neg') text = `−${written(e.args[0], 3)}`
  else if (e.op === 'where') text = `[${written(e.args[0].args[0])} < ${written(e.args[0].args[1])} ? ${written(e.args[1])} : ${written(e.args[2])}]`
  else if (SIGNS[e.op]) text = written(e.args[0], e.op === 'pow' ? 5 : here) + SIGNS[e.op] + written(e.args[1], here + 1)
  else text = `${e.op === 'sigmoid' ? 'σ' : e.op}(${e.args.map(part => written(part)).join(', ')})`
  return here < above ? `(${text})` : text
}

// The steps of expressions, equal ones shared.
function stepsOf(...expressions) {
  const steps = [], known = new Map([['z', 0], ['y', 1]])
  const step = (name, ...operands) => {
    const key = JSON.stringify([name, operands])
    if (!known.has(key)) { steps.push([name, ...operands]); known.set(key, steps.length + 1) }
    return known.get(key)
  }
  const constant = n => step('const', Number.isFinite(n) ? String(n) : n > 0 ? 'inf' : n < 0 ? '-inf' : 'nan')
  const emit = e => {
    if (e.op === 'z' || e.op === 'y') return known.get(e.op)
    if (e.op === 'const') return constant(e.number)
    const given = e.args.map(emit)
    if (e.op === 'pow' && isNumber(e.args[1], 2)) return step('mul', given[0], given[0])
    if (e.op === 'softplus') return step('add', step('max', given[0], constant(0)), step('log1p', step('exp', step('neg', step('abs', given[0])))))
    return step(e.op, ...given)
  }
  const results = expressions.map(emit)
  return { steps, results }
}

// Whether value and gradient are numbers for some z and y.
function somewhereFinite(program) {
  const bench = prepare(program, 1, 2 * TRIED + 2)
  for (let n = 0; n <= TRIED; n++) {
    bench.z[2 * n] = bench.z[2 * n + 1] = 40 * n / TRIED - 20
    bench.y[2 * n] = 1
  }
  bench.run()
  return Array.from(bench.z, (_, n) => n).some(n => Number.isFinite(bench.value(n)) && Number.isFinite(bench.gradient(0, n)))
}

// { program, derivative }: what a typed loss does, and its derivative in words. Throws FormulaError.
function formulaLoss(text) {
  const each = parse(text), slope = derivative(each)
  // where the loss is no finite number it has no slope either, whatever was shortened: 0·ℓ is 0, or NaN there
  const { steps, results: [value, gradient] } = stepsOf(each, node('add', slope, node('mul', number(0), each)))
  steps.push(['sum', value]) // outputs of a network are summed
  const program = { steps, value: steps.length + 1, gradient }
  if (!somewhereFinite(program)) throw new FormulaError('formula.nowhere')
  return { program, formula: written(each), derivative: written(slope) }
}
