// A loss as lossbench wrote it down: steps over arrays (C, B) in float64, run here one by one. Nothing is evaluated as code.

const UNARY = {
  neg: x => -x, exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, tanh: Math.tanh, abs: Math.abs,
  sign: Math.sign, sqrt: Math.sqrt, trunc: Math.trunc,
  // e^−|x| cannot overflow, and neither side is formed by a subtraction
  sigmoid: x => { const e = Math.exp(-Math.abs(x)), larger = 1 / (1 + e); return x >= 0 ? larger : e * larger },
  round: x => { const r = Math.round(x); return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r }, // halves to even
}
// What losses do most has loops of its own: a loop that is handed a function calls it for every number.
const LOOPS = {
  neg: (out, x) => { for (let n = 0; n < out.length; n++) out[n] = -x[n] },
  exp: (out, x) => { for (let n = 0; n < out.length; n++) out[n] = Math.exp(x[n]) },
  log1p: (out, x) => { for (let n = 0; n < out.length; n++) out[n] = Math.log1p(x[n]) },
  sigmoid: (out, x) => { for (let n = 0; n < out.length; n++) out[n] = UNARY.sigmoid(x[n]) },
  add: (out, x, y) => { for (let n = 0; n < out.length; n++) out[n] = x[n] + y[n] },
  sub: (out, x, y) => { for (let n = 0; n < out.length; n++) out[n] = x[n] - y[n] },
  mul: (out, x, y) => { for (let n = 0; n < out.length; n++) out[n] = x[n] * y[n] },
  min: (out, x, y) => { for (let n = 0; n < out.length; n++) out[n] = Math.min(x[n], y[n]) },
  max: (out, x, y) => { for (let n = 0; n < out.length; n++) out[n] = Math.max(x[n], y[n]) },
}
const BINARY = {
  add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y, pow: Math.pow,
  min: Math.min, max: Math.max, eq: (x, y) => +(x === y), lt: (x, y) => +(x < y), le: (x, y) => +(x <= y),
}
const NUMBERS = { inf: Infinity, '-inf': -Infinity, nan: NaN }

// Room for numbers of so many rows and columns; one row, or one column, stands for all.
function room(rows, columns) {
  return { data: new Float64Array(rows * columns), rows, columns, down: rows > 1 ? columns : 0, along: columns > 1 ? 1 : 0 }
}

function oneByOne(out, visit) {
  for (let r = 0, n = 0; r < out.rows; r++) for (let c = 0; c < out.columns; c++, n++) out.data[n] = visit(r, c)
}

// A constant is laid out as often as it is asked for, so that it goes through the loops as other numbers do.
function spread(part, length) { return part.fixed ? new Float64Array(length).fill(part.data[0]) : part.data }

function stepOf(name, parts) {
  const [x, y, w] = parts
  const shape = [Math.max(...parts.map(part => part.rows)), Math.max(...parts.map(part => part.columns))]
  if (UNARY[name]) {
    const out = room(x.rows, x.columns), f = UNARY[name], from = x.data, into = out.data
    if (LOOPS[name]) return [out, () => LOOPS[name](into, from)]
    return [out, () => { for (let n = 0; n < into.length; n++) into[n] = f(from[n]) }]
  }
  if (BINARY[name]) {
    const out = room(...shape), f = BINARY[name], at = (part, r, c) => part.data[r * part.down + c * part.along]
    const [u, v] = [x, y].map(part => spread(part, out.data.length))
    if (u.length === out.data.length && v.length === out.data.length) {
      if (LOOPS[name]) return [out, () => LOOPS[name](out.data, u, v)]
      return [out, () => { for (let n = 0; n < out.data.length; n++) out.data[n] = f(u[n], v[n]) }]
    }
    return [out, () => oneByOne(out, (r, c) => f(at(x, r, c), at(y, r, c)))]
  }
  if (name === 'where') {
    const out = room(...shape), at = (part, r, c) => part.data[r * part.down + c * part.along]
    return [out, () => oneByOne(out, (r, c) => at(x, r, c) !== 0 ? at(y, r, c) : at(w, r, c))]
  }
  if (name === 'cumsum') {
    const out = room(x.rows, x.columns), n = x.columns
    return [out, () => oneByOne(out, (r, c) => x.data[r * n + c] + (r ? out.data[(r - 1) * n + c] : 0))]
  }
  if (name === 'sum' || name === 'amax') { // over the outputs
    const out = room(1, x.columns), join = LOOPS[name === 'sum' ? 'add' : 'max'], rows = Array.from({ length: x.rows }, (_, r) => x.data.subarray(r * x.columns, (r + 1) * x.columns))
    return [out, () => { out.data.set(rows[0]); for (let r = 1; r < rows.length; r++) join(out.data, out.data, rows[r]) }]
  }
  throw new Error(`no step is called ${name}`)
}

// Six neighbours of a place in a table, and Lagrange's weights for them.
function between(table, z) {
  const at = (z - table.from) * table.perUnit, first = Math.min(table.points - 6, Math.max(0, Math.floor(at) - 2)), t = at - first
  const weights = new Array(6).fill(1)
  for (let j = 0; j < 6; j++) for (let k = 0; k < 6; k++) if (k !== j) weights[j] *= (t - k) / (j - k)
  return numbers => weights.reduce((sum, weight, k) => sum + weight * numbers[first + k], 0)
}

// A loss that lossbench could only tabulate: ℓ and dℓ/dz for targets 0 and 1 over even z, summed over the outputs. Beyond the table
// it is NaN, for nobody knows.
function prepareTable(program, outputs, examples) {
  const table = program.table
  table.numbers ??= { value: table.value.map(float64s), gradient: table.gradient.map(float64s) }
  table.points ??= table.numbers.value[0].length
  const z = new Float64Array(outputs * examples), y = new Float64Array(outputs * examples), last = table.from + (table.points - 1) / table.perUnit
  const values = new Float64Array(examples), gradients = new Float64Array(outputs * examples)
  return {
    z, y, value: c => values[c], gradient: (r, c) => gradients[r * examples + c],
    run() {
      values.fill(0)
      for (let n = 0; n < z.length; n++) {
        const inside = z[n] >= table.from && z[n] <= last, read = between(table, z[n])
        const [value, gradient] = ['value', 'gradient'].map(name => {
          const [zero, one] = table.numbers[name]
          return !inside ? NaN : y[n] === 0 ? read(zero) : y[n] === 1 ? read(one) : (1 - y[n]) * read(zero) + y[n] * read(one)
        })
        values[n % examples] += value
        gradients[n] = gradient
      }
    },
  }
}

// A program laid out for C outputs and B examples: fill z and y, run, read value (B,) and gradient (C, B).
function prepare(program, outputs, examples) {
  if (program.table) return prepareTable(program, outputs, examples)
  const z = room(outputs, examples), y = room(outputs, examples), slots = [z, y], work = []
  for (const [name, ...operands] of program.steps) {
    if (name === 'const') {
      const number = { ...room(1, 1), fixed: true }
      number.data[0] = operands[0] in NUMBERS ? NUMBERS[operands[0]] : Number(operands[0])
      slots.push(number)
      continue
    }
    const [out, act] = stepOf(name, operands.map(operand => slots[operand]))
    slots.push(out)
    work.push(act)
  }
  const value = slots[program.value], gradient = slots[program.gradient]
  return {
    z: z.data, y: y.data,
    run() { for (const act of work) act() },
    value: c => value.data[c * value.along],
    gradient: (r, c) => gradient.data[r * gradient.down + c * gradient.along],
  }
}
