import { isEncodedImage } from '../encoded/encoded-image.js'
import { ImageError } from '../image-error.js'
import { type FeatureNames, type FeatureRole, featureRoles } from '../image-form.js'
import type { Feature } from './example_pb.js'

/** The names in our own files, which users may write too. */
export const storedNames: FeatureNames = {
  image: 'image',
  label: 'label',
  height: 'height',
  width: 'width',
  channels: 'channels',
}

/** Names in files of TF-Slim, TensorFlow Datasets, the TensorFlow tutorials and Kaggle. */
const knownNames: Readonly<Record<FeatureRole, readonly string[]>> = {
  image: [
    ...['image', 'image/encoded', 'image_raw', 'image/raw', 'image_encoded', 'encoded_image'],
    ...['encoded', 'image_bytes', 'image_data', 'image_string', 'image_content', 'image/image'],
    ...['img', 'img_raw', 'img_bytes', 'jpeg', 'png', 'jpg', 'pixels', 'x'],
  ],
  label: [
    ...['label', 'image/class/label', 'class', 'image/label', 'image/class', 'labels', 'target'],
    ...['class_id', 'class_label', 'label_id', 'label_idx', 'class_idx', 'class_index', 'y'],
    ...['category', 'category_id', 'fine_label'],
  ],
  height: ['height', 'image/height', 'rows', 'image_height', 'img_height'],
  width: ['width', 'image/width', 'cols', 'image_width', 'img_width'],
  channels: ['channels', 'image/channels', 'depth', 'image/depth', 'image_channels'],
}

/** Names of the label as text, which counts only if there is no other. */
const textLabels = [
  ...['image/class/text', 'class_name', 'label_name', 'label_text', 'class_text', 'class/text'],
  'image/class/synset',
]

/**
 * Finds the features by the names that `given` states, or else by known names. An image whose feature has
 * another name is found if it is the only PNG or JPEG. Throws an ImageError if none or several fit, or if
 * there is no feature of a name that `given` states.
 */
export function resolveFeatureNames(
  features: Readonly<Record<string, Feature>>,
  given: Partial<FeatureNames>,
): FeatureNames {
  const resolve = (role: FeatureRole): string | undefined => {
    if (given[role] !== undefined) return given[role]
    if (Object.hasOwn(features, role)) return role
    const found = knownNames[role].filter(name => Object.hasOwn(features, name))
    if (found.length < 2) return found[0]
    const choices = found.map(name => `'${name}'`).join(' and ')
    throw new ImageError(
      `the features ${choices} may both be the ${role}: send the form field features, such as features={"${role}":"${found[0]}"}`,
    )
  }
  const image = resolve('image') ?? findEncoded(features) ?? 'image'
  const label =
    resolve('label') ?? textLabels.find(name => Object.hasOwn(features, name)) ?? 'label'
  for (const name of [image, label, ...Object.values(given)]) {
    if (!Object.hasOwn(features, name)) throw new ImageError(missingFeature(features, name))
  }
  // the first record may lack what others state
  const size = (role: 'height' | 'width' | 'channels') => resolve(role) ?? role
  return {
    image,
    label,
    height: size('height'),
    width: size('width'),
    channels: size('channels'),
  }
}

function findEncoded(features: Readonly<Record<string, Feature>>): string | undefined {
  const found = Object.keys(features).filter(name => {
    const { kind } = features[name]!
    return kind.case === 'bytesList' && kind.value.value.some(isEncodedImage)
  })
  return found.length === 1 ? found[0] : undefined
}

export function missingFeature(features: Readonly<Record<string, Feature>>, name: string): string {
  const names = Object.keys(features).slice(0, 10).join(', ').slice(0, 200)
  return `the example has no feature '${name}', found: ${names || 'none'}; the form field features={"image":"…","label":"…"} says which is which`
}

/** True for the names that docs/datasets.md asks for. */
export const areStoredNames = (names: FeatureNames): boolean =>
  names.image === storedNames.image && names.label === storedNames.label

/** Parses the form field `features`. Returns an error message if it is invalid. */
export function parseFeatureNames(text: string): Partial<FeatureNames> | string {
  const expected = 'expected JSON such as {"image":"image/encoded","label":"image/class/label"}'
  let names: unknown
  try {
    names = JSON.parse(text)
  } catch {
    return `is not JSON, ${expected}`
  }
  if (typeof names !== 'object' || names === null || Array.isArray(names))
    return `is no object, ${expected}`
  for (const [role, name] of Object.entries(names)) {
    if (!featureRoles.some(known => known === role)) {
      return `has '${role.slice(0, 60)}', expected only ${featureRoles.join(', ')}`
    }
    if (typeof name !== 'string' || name === '') return `has no name for ${role}, ${expected}`
  }
  return names as Partial<FeatureNames>
}
