// One neuron: x = 1, target y = 0, z = w + b, a = σ(z). Weight and bias both learn, so z moves by −2η dℓ/dz a step.

const sigmoid = UNARY.sigmoid

// The whole course of a training, step by step: z, a, value, gradient, error = dℓ/da and slope = da/dz; it ends where z is not finite.
function trainNeuron(program, start, rate, steps) {
  const run = prepare(program, 1, 1)
  const course = { z: [], a: [], value: [], gradient: [], error: [], slope: [] }
  let w = start, b = 0
  for (let n = 0; n <= steps; n++) {
    const z = w + b, a = sigmoid(z), slope = a * sigmoid(-z)
    run.z[0] = z
    run.y[0] = 0
    run.run()
    const gradient = run.gradient(0, 0)
    if (!Number.isFinite(z) || !Number.isFinite(gradient)) break
    course.z.push(z)
    course.a.push(a)
    course.value.push(run.value(0))
    course.gradient.push(gradient)
    course.slope.push(slope)
    course.error.push(gradient === 0 ? 0 : gradient / slope)
    w -= rate * gradient
    b -= rate * gradient
  }
  return course
}

// ∫ dz / (dℓ/dz) in closed form, where it has one.
const ESCAPE = {
  cross_entropy: z => z - Math.exp(-z),
  half_squared_error: z => 3 * z + Math.exp(z) - 3 * Math.exp(-z) - 0.5 * Math.exp(-2 * z),
  slope_left_out: z => -Math.log1p(Math.exp(-z)),
}
const PANELS = 600, LOWEST = -9

// The escape in continuous time: points [n, z] from z₀ down, n = ∫ dz / (2η dℓ/dz); by formula, or by Simpson's rule.
function escapeCurve(loss, start, rate) {
  const edge = n => start + (LOWEST - start) * n / PANELS
  const closed = ESCAPE[loss.id]
  if (closed) return Array.from({ length: PANELS + 1 }, (_, n) => [(closed(start) - closed(edge(n))) / (2 * rate), edge(n)])
  const run = prepare(loss.program, 1, 2 * PANELS + 1)
  for (let n = 0; n <= 2 * PANELS; n++) run.z[n] = edge(n / 2)
  run.run()
  const points = [[0, start]], width = (start - LOWEST) / PANELS
  for (let n = 0, time = 0; n < PANELS; n++) {
    const pulls = [0, 1, 2].map(k => run.gradient(0, 2 * n + k))
    if (!pulls.every(pull => pull > 0)) break // at rest: it never gets further
    time += width / 6 * (1 / pulls[0] + 4 / pulls[1] + 1 / pulls[2]) / (2 * rate)
    points.push([time, edge(n + 1)])
  }
  return points
}

// The first step at which the output is below one half; Infinity where there is none.
function stepsToHalf(course) {
  const n = course.a.findIndex(a => a < 0.5)
  return n < 0 ? Infinity : n
}
