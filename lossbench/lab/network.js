// A network of 64 pixels, 32 hidden sigmoids and 10 sigmoid outputs, trained by plain gradient descent in float64, as the engine does.

const INPUTS = 64, HIDDEN = 32, OUTPUTS = 10
const SNAPSHOT = 25 // steps between kept parameters

function bytes(text) { return Uint8Array.from(atob(text), letter => letter.charCodeAt(0)) }
function float64s(text) { return new Float64Array(bytes(text).buffer) }
function uint16s(text) { return new Uint16Array(bytes(text).buffer) }

// The digits as lossbench split, scaled and ordered them.
function unpackDigits(packed) {
  const levels = float64s(packed.levels), unpack = text => bytes(text)
  return {
    levels, batch: packed.batch, steps: packed.steps,
    trainPixels: unpack(packed.train.pixels), trainLabels: unpack(packed.train.labels),
    testPixels: unpack(packed.test.pixels), testLabels: unpack(packed.test.labels),
    order: uint16s(packed.order),
    starts: Object.fromEntries(Object.entries(packed.starts).map(([name, text]) => [name, float64s(text)])),
  }
}

// Room for a forward pass of B examples; columns are examples.
function pass(program, examples) {
  return {
    examples, x: new Float64Array(INPUTS * examples), h: new Float64Array(HIDDEN * examples),
    loss: prepare(program, OUTPUTS, examples),
  }
}

function fill(at, column, pixels, labels, index, levels) {
  for (let i = 0; i < INPUTS; i++) at.x[i * at.examples + column] = levels[pixels[index * INPUTS + i]]
  for (let c = 0; c < OUTPUTS; c++) at.loss.y[c * at.examples + column] = +(labels[index] === c)
}

// out (units, B) = W (units, inputs) · from (inputs, B) + b. Two units and four inputs at a time, of which there are multiples, each sum
// in the same order as one by one: what is written and read again least often is fastest, and the sums are the same to the last bit.
function affine(W, b, units, inputs, from, out, examples) {
  for (let j = 0; j < units; j += 2) {
    const row = j * examples, next = row + examples
    out.fill(b[j], row, next)
    out.fill(b[j + 1], next, next + examples)
    for (let i = 0; i < inputs; i += 4) {
      const w = j * inputs + i, w0 = W[w], w1 = W[w + 1], w2 = W[w + 2], w3 = W[w + 3]
      const v = w + inputs, v0 = W[v], v1 = W[v + 1], v2 = W[v + 2], v3 = W[v + 3]
      const c0 = i * examples, c1 = c0 + examples, c2 = c1 + examples, c3 = c2 + examples
      for (let n = 0; n < examples; n++) {
        const x0 = from[c0 + n], x1 = from[c1 + n], x2 = from[c2 + n], x3 = from[c3 + n]
        out[row + n] = out[row + n] + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3
        out[next + n] = out[next + n] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
      }
    }
  }
}

class Network {
  constructor(digits, program, start, rate) {
    Object.assign(this, { digits, rate, n: 0 })
    const given = digits.starts[start], sizes = [HIDDEN * INPUTS, HIDDEN, OUTPUTS * HIDDEN, OUTPUTS]
    this.parameters = given.slice()
    let from = 0
    const parts = array => sizes.map((size, k) => array.subarray(from = k ? from : 0, from += size))
    ;[this.W1, this.b1, this.W2, this.b2] = parts(this.parameters)
    this.gradients = new Float64Array(given.length)
    ;[this.dW1, this.db1, this.dW2, this.db2] = parts(this.gradients)
    this.training = pass(program, digits.batch)
    this.testing = pass(program, digits.testLabels.length)
    for (let m = 0; m < digits.testLabels.length; m++) fill(this.testing, m, digits.testPixels, digits.testLabels, m, digits.levels)
    this.delta2 = new Float64Array(OUTPUTS * digits.batch)
    this.delta1 = new Float64Array(HIDDEN * digits.batch)
    this.snapshots = new Map([[0, given.slice()]])
    this.norms = [] // of step n: gradient norms of the weights of layer 1 and 2, and of the biases
    this.diverged = Infinity
    this.alive = true
  }

  forward(at) {
    affine(this.W1, this.b1, HIDDEN, INPUTS, at.x, at.h, at.examples)
    for (let n = 0; n < at.h.length; n++) at.h[n] = sigmoid(at.h[n])
    affine(this.W2, this.b2, OUTPUTS, HIDDEN, at.h, at.loss.z, at.examples)
    at.loss.run()
  }

  // Gradients of the mini-batch that step n sees; their norms are kept.
  backward() {
    const { training: at, digits, delta1, delta2 } = this, B = digits.batch
    for (let m = 0; m < B; m++) fill(at, m, digits.trainPixels, digits.trainLabels, digits.order[this.n * B + m], digits.levels)
    this.forward(at)
    for (let c = 0; c < OUTPUTS; c++) for (let m = 0; m < B; m++) delta2[c * B + m] = at.loss.gradient(c, m) / B
    this.layer(delta2, at.h, this.dW2, this.db2, OUTPUTS, HIDDEN)
    for (let j = 0; j < HIDDEN; j++) {
      for (let m = 0; m < B; m++) {
        let pull = 0
        for (let c = 0; c < OUTPUTS; c++) pull += this.W2[c * HIDDEN + j] * delta2[c * B + m]
        const h = at.h[j * B + m]
        delta1[j * B + m] = pull * h * (1 - h)
      }
    }
    this.layer(delta1, at.x, this.dW1, this.db1, HIDDEN, INPUTS)
    this.norms[this.n] = [this.dW1, this.dW2, this.db1, this.db2].map(norm)
  }

  // dW = delta · from^T and db = Σ delta, over the examples; four sums at a time, which need not wait for each other.
  layer(delta, from, dW, db, units, inputs) {
    const B = this.digits.batch
    for (let j = 0; j < units; j++) {
      let total = 0
      for (let m = 0; m < B; m++) total += delta[j * B + m]
      db[j] = total
      for (let i = 0; i < inputs; i += 4) {
        const c0 = i * B, c1 = c0 + B, c2 = c1 + B, c3 = c2 + B, w = j * inputs + i
        let s0 = 0, s1 = 0, s2 = 0, s3 = 0
        for (let m = 0; m < B; m++) {
          const d = delta[j * B + m]
          s0 += d * from[c0 + m]
          s1 += d * from[c1 + m]
          s2 += d * from[c2 + m]
          s3 += d * from[c3 + m]
        }
        dW[w] = s0
        dW[w + 1] = s1
        dW[w + 2] = s2
        dW[w + 3] = s3
      }
    }
  }

  get last() { return Math.min(this.digits.steps, this.diverged) }

  // One step of gradient descent; false where the run has ended.
  step() {
    if (this.n >= this.last) return false
    this.backward()
    const { parameters, gradients, rate } = this
    let total = 0
    for (let k = 0; k < parameters.length; k++) total += parameters[k] -= rate * gradients[k]
    if (!Number.isFinite(total)) {
      this.diverged = this.n
      this.parameters.set(this.snapshots.get(Math.floor(this.n / SNAPSHOT) * SNAPSHOT))
      const n = this.n
      this.n = Math.floor(n / SNAPSHOT) * SNAPSHOT
      while (this.n < n) this.step()
      return false
    }
    this.n++
    if (this.n % SNAPSHOT === 0 && !this.snapshots.has(this.n)) this.snapshots.set(this.n, this.parameters.slice())
    return true
  }

  // Go to a step: from the nearest kept parameters, the steps between are taken again, and are the same.
  seek(n) {
    n = Math.max(0, Math.min(n, this.last))
    if (n < this.n || n - this.n > SNAPSHOT) {
      let from = Math.floor(n / SNAPSHOT) * SNAPSHOT
      while (!this.snapshots.has(from)) from -= SNAPSHOT
      if (n < this.n || from > this.n) {
        this.parameters.set(this.snapshots.get(from))
        this.n = from
      }
    }
    while (this.n < n && this.step()) { /* on to n */ }
  }

  // What the test images say: accuracy, mean loss, and for every digit and unit what is shown of it.
  evaluate() {
    const { testing: at, digits } = this, N = at.examples
    this.forward(at)
    const seen = { accuracy: 0, loss: 0, answered: new Array(OUTPUTS).fill(0), recall: new Array(OUTPUTS).fill(0), members: new Array(OUTPUTS).fill(0) }
    for (const name of ['output', 'slope', 'error', 'pull']) seen[name] = new Array(OUTPUTS).fill(0) // of digit c, at output c, mean
    seen.alive = new Array(OUTPUTS).fill(0) // mean 4a(1 − a) of output c over all images
    for (let m = 0; m < N; m++) {
      const label = digits.testLabels[m]
      let best = 0, tied = false
      for (let c = 1; c < OUTPUTS; c++) {
        const gap = at.loss.z[c * N + m] - at.loss.z[best * N + m]
        if (gap > 0) { best = c; tied = false } else if (gap === 0) tied = true
      }
      seen.answered[best]++
      seen.members[label]++
      if (best === label && !tied) { seen.accuracy += 1 / N; seen.recall[label]++ }
      seen.loss += at.loss.value(m) / N
      for (let c = 0; c < OUTPUTS; c++) {
        const z = at.loss.z[c * N + m], a = sigmoid(z), slope = a * sigmoid(-z)
        seen.alive[c] += 4 * slope / N
        if (c === label) {
          const pull = Math.abs(at.loss.gradient(c, m))
          seen.output[c] += a
          seen.slope[c] += slope
          seen.pull[c] += pull
          seen.error[c] += pull === 0 ? 0 : pull / slope
        }
      }
    }
    for (let c = 0; c < OUTPUTS; c++) for (const name of ['recall', 'output', 'slope', 'error', 'pull']) seen[name][c] /= seen.members[c]
    seen.hidden = Array.from({ length: HIDDEN }, (_, j) => {
      let alive = 0
      for (let m = 0; m < N; m++) { const h = at.h[j * N + m]; alive += 4 * h * (1 - h) / N }
      return alive
    })
    return seen
  }
}

function norm(array) {
  let sum = 0
  for (let n = 0; n < array.length; n++) sum += array[n] * array[n]
  return Math.sqrt(sum)
}
