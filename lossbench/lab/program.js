// A loss as lossbench wrote it down: steps over arrays (C, B) in float64, run here one by one. Nothing is evaluated as code.

const UNARY = {
  neg: x => -x, exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, tanh: Math.tanh, abs: Math.abs,
  sign: Math.sign, sqrt: Math.sqrt, trunc: Math.trunc,
  // e^−|x| cannot overflow, and neither side is formed by a subtraction
  sigmoid: x => { const e = Math.exp(-Math.abs(x)), larger = 1 / (1 + e); return x >= 0 ? larger : e * larger },
  round: x => { const r = Math.round(x); return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r }, // halves to even
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

function stepOf(name, parts) {
  const [x, y, w] = parts
  const shape = [Math.max(...parts.map(part => part.rows)), Math.max(...parts.map(part => part.columns))]
  if (UNARY[name]) {
    const out = room(x.rows, x.columns), f = UNARY[name], from = x.data, into = out.data
    return [out, () => { for (let n = 0; n < into.length; n++) into[n] = f(from[n]) }]
  }
  if (BINARY[name]) {
    const out = room(...shape), f = BINARY[name], at = (part, r, c) => part.data[r * part.down + c * part.along]
    if (x.data.length === out.data.length && y.data.length === out.data.length) {
      return [out, () => { for (let n = 0; n < out.data.length; n++) out.data[n] = f(x.data[n], y.data[n]) }]
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
    const out = room(1, x.columns), join = name === 'sum' ? (u, v) => u + v : Math.max
    return [out, () => oneByOne(out, (_, c) => {
      let total = x.data[c]
      for (let r = 1; r < x.rows; r++) total = join(total, x.data[r * x.columns + c])
      return total
    })]
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
      const number = room(1, 1)
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
