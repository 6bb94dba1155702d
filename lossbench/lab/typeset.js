// Formulas as they are written by hand: indices low, exponents high, and lines that break between terms.

const FITS = 32 // signs of a bracket that has room on every line
const HAN = /[\u3000-\u9fff\uff00-\uffef]/, WORD = /^[\p{L}'’]{2,}[.,;:]?$/u, NAME = /^(log|max|exp|inset|offset|order|d[zq])[.,;:]?$/

const joined = text => text.replaceAll(' ', '\u00a0')

// Brackets that have room on a line are kept whole; of longer ones, those within.
function wholeBrackets(text) {
  let whole = '', start = 0, depth = 0
  for (let n = 0; n < text.length; n++) {
    if ('([{'.includes(text[n]) && depth++ === 0) {
      whole += text.slice(start, n)
      start = n
    }
    if (')]}'.includes(text[n]) && depth && --depth === 0) {
      const bracket = text.slice(start, n + 1)
      whole += bracket.length <= FITS ? joined(bracket) : bracket[0] + wholeBrackets(bracket.slice(1, -1)) + bracket.at(-1)
      start = n + 1
    }
  }
  return whole + text.slice(start)
}

// Whether a line may break between two parts: before a sign of a sum, and where words begin and end.
function mayBreak(before, after) {
  const left = before.split(HAN).at(-1), [right] = after.split(HAN) // Chinese stands without spaces
  if (NAME.test(left)) return false
  if (left === '' || right === '') return true
  if (/^[+−=<]$/.test(left)) return false
  if (/^[+−<?:]$/.test(right)) return left !== '1'
  if (right === '=') return left.length > 6
  return /[.,;:]$/.test(left) || [left, right].some(part => WORD.test(part) && !NAME.test(part))
}

function linesOf(text) {
  const parts = wholeBrackets(text.replaceAll('/', '/\u2060').replace(/[|‖][^|‖]*[|‖]/g, joined)).split(' ')
  return parts.reduce((before, part, n) => before + (mayBreak(parts[n - 1], part) ? ' ' : '\u00a0') + part)
}

function lowAndHigh(text) {
  return text.split(/([_^](?:\{[^}]*\}|\([^)]*\)|−?(?:\d+\.\d+|[\p{L}\d]+)[₊₋]?))/u).map((part, n) => {
    if (n % 2 === 0) return part
    const grouped = '{('.includes(part[1])
    return html(part[0] === '_' ? 'sub' : 'sup', {}, ...lowAndHigh(grouped ? part.slice(2, -1) : part.slice(1)))
  })
}

// A formula as nodes: what stands after _ is set low, what stands after ^ high.
function typeset(text) { return lowAndHigh(linesOf(text)) }
