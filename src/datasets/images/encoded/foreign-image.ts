import { kindHeadBytes, nameForeignFile, nameUnreadImage } from '../../file-kinds.js'

/** Says what the bytes of an image are if they are neither PNG, JPEG nor pixels; null if nothing tells. */
export function describeForeignImage(image: Uint8Array): string | null {
  const head = Buffer.from(image.buffer, image.byteOffset, Math.min(image.length, kindHeadBytes))
  const cure = 'store PNG, JPEG or raw pixels'
  const imageName = nameUnreadImage(head)
  if (imageName !== null) return `the image is ${imageName}, which is not read: convert it to PNG`
  const name = nameForeignFile(head)
  if (name) return `the image is ${name}: ${cure}`
  const text = head.toString('latin1')
  if (/^(\/9j\/|iVBORw0KGgo)/.test(text)) return `the image is base64 text: ${cure}`
  if (/^[\x20-\x7e]+\.(jpe?g|png|gif|bmp|webp|tiff?)$/i.test(text)) {
    return `the image is the file name '${text.slice(0, 100)}', not the file's content: ${cure}`
  }
  if (/^\s*<(!doctype|html|svg|\?xml)/i.test(text)) return `the image is HTML or XML: ${cure}`
  // TensorProto: the type as field 1, then the shape as field 2, with a size as its field 2
  const isTensor = [8, -1, 0x12, -1, 0x12, 2, 8].every((byte, at) => byte < 0 || head[at] === byte)
  if (isTensor) {
    return `the image is a tensor of tf.io.serialize_tensor: ${cure} (such as tensor.numpy().tobytes())`
  }
  return null
}
