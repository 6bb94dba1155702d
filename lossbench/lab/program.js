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

// A program laid out for C outputs and B examples: fill z and y, run, read value (B,) and gradient (C, B).
function prepare(program, outputs, examples) {
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
