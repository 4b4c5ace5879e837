const shades = ' .:-=+*#%@'

/** Grey images side by side, two pixels to a character each way, as lines of text. */
export function sideBySide(images: readonly number[][][]): string[] {
  const height = images[0]?.length ?? 0
  return Array.from({ length: height / 4 }, (_, y) =>
    images.map(image => renderLine(image, y * 4)).join('  '),
  )
}

/** A character covers two pixels across and four down, since it is twice as high as wide. */
function renderLine(image: readonly number[][], top: number): string {
  const width = image[0]?.length ?? 0
  return Array.from({ length: width / 2 }, (_, x) => {
    let sum = 0
    for (let dy = 0; dy < 4; dy++) {
      sum += (image[top + dy]?.[x * 2] ?? 0) + (image[top + dy]?.[x * 2 + 1] ?? 0)
    }
    return shades[Math.min(shades.length - 1, Math.floor((sum / 8 / 200) * shades.length))]
  }).join('')
}
