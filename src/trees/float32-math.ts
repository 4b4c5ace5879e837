// expf and logf of glibc (since 2.27; from ARM's optimized-routines, as in musl), which XGBoost calls.
// They are not always correctly rounded, so rounding Math.exp to float32 would give other bits.

/** 2^(i/32), correctly rounded; V8's power function is not. */
const fractionalPowers = Float64Array.of(
  ...[1, 1.0218971486541166, 1.0442737824274138, 1.0671404006768237],
  ...[1.0905077326652577, 1.1143867425958924, 1.1387886347566916, 1.1637248587775775],
  ...[1.189207115002721, 1.215247359980469, 1.241857812073484, 1.2690509571917332],
  ...[1.2968395546510096, 1.3252366431597413, 1.3542555469368927, 1.383909881963832],
  ...[Math.SQRT2, 1.4451808069770467, 1.4768261459394993, 1.5091644275934228],
  ...[1.5422108254079407, 1.5759808451078865, 1.6104903319492543, 1.6457554781539649],
  ...[1.681792830507429, 1.7186192981224779, 1.7562521603732995, 1.7947090750031072],
  ...[1.8340080864093424, 1.8741676341103, 1.9152065613971474, 1.9571441241754002],
)

const smallestExponent = -151
/** 2^(i + smallestExponent), exact. */
const wholePowers = new Float64Array(282)
wholePowers[0] = 2 ** smallestExponent
for (let i = 1; i < wholePowers.length; i++) wholePowers[i] = 2 * wholePowers[i - 1]!

const inverseLn2 = 46.166241308446828
const [c0, c1, c2] = [1.6938359250920212e-6, 0.00023459809789509004, 0.021660849396613134]
/** Adding and subtracting it rounds to an integer. */
const shift = 1.5 * 2 ** 52
const [overflows, underflows] = [88.722831726074219, -103.97207641601562]

/**
 * The two arguments, of all float32, for which glibc's fused multiply-adds round to another float32 than
 * separate operations. Each x86-64 since 2013 and each arm64 has them.
 */
const [fusedUp, fusedUpTo] = [32.564632415771484, 138880149880832]
const [fusedDown, fusedDownTo] = [-63.09946060180664, 3.946866735154823e-28]

/** e^x of a float32, as a float32. */
export function expf(x: number): number {
  if (x > overflows) return Number.POSITIVE_INFINITY
  if (x < underflows) return 0
  if (Number.isNaN(x)) return x
  if (x === fusedUp) return fusedUpTo
  if (x === fusedDown) return fusedDownTo
  const z = inverseLn2 * x
  const k = z + shift - shift
  const r = z - k
  const power = fractionalPowers[k & 31]! * wholePowers[(k >> 5) - smallestExponent]!
  return Math.fround(((c0 * r + c1) * (r * r) + (c2 * r + 1)) * power)
}

/** For each sixteenth of a factor of two: 1/c and log(c) of a c near its middle. */
const inverses = [
  ...[1.3989071621465281, 1.3403141896637998, 1.286432210124115, 1.2367150214269895],
  ...[1.1906977166711752, 1.1479821020556429, 1.1082251448272158, 1.0711297413057381],
  ...[1.0364372789772831, 1, 0.9492859795739057, 0.89510494286090037],
  ...[0.84768216203511026, 0.80503148516920009, 0.7664671008843108, 0.73142860331632797],
]
const logarithms = [
  ...[-0.33569133332882284, -0.29290405637740741, -0.25187265809373688, -0.21245868807117255],
  ...[-0.17453945183745634, -0.1380057072319758, -0.10275976698545139, -0.068713924470205245],
  ...[-0.035789138739822798, 0, 0.052045177429294959, 0.11081431298787942],
  ...[0.16524952236951429, 0.21687389031699977, 0.26596350281213971, 0.31275566640735569],
]
const [a0, a1, a2] = [-0.25089342214237154, 0.33345676574406602, -0.49999974858021029]
const offset = 0x3f330000

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The natural logarithm of a float32 that is normal and positive, as a float32. */
export function logf(x: number): number {
  float[0] = x
  const fromOffset = bits[0]! - offset
  const i = (fromOffset >> 19) & 15
  const k = fromOffset >> 23
  bits[0]! -= fromOffset & 0xff800000
  const r = float[0]! * inverses[i]! - 1
  const r2 = r * r
  const y0 = logarithms[i]! + k * Math.LN2
  return Math.fround((a0 * r2 + (a1 * r + a2)) * r2 + (y0 + r))
}
