/** What TensorFlow's message says if the op DecodeImage cannot decode an image. */
export const undecodableImage =
  /Expected image|Unknown image|Invalid (PNG|JPEG|GIF|BMP) data|jpeg::Uncompress|DecodeImage/i
