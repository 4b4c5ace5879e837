/** Puts planes of channels, [channels, height, width], into pixels, [height, width, channels]. */
export function interleave(planes: Uint8Array, channels: number, pixels: Uint8Array): void {
  const area = planes.length / channels
  for (let channel = 0; channel < channels; channel++) {
    const plane = channel * area
    for (let pixel = 0, to = channel; pixel < area; pixel++, to += channels) {
      pixels[to] = planes[plane + pixel]!
    }
  }
}
