const shades = ' .:-=+*#%@'

/** Renders grey images side by side, as lines of text. */
export function sideBySide(images: readonly number[][][]): string[] {
  const height = images[0]?.length ?? 0
  return Array.from({ length: height / 4 }, (_, y) =>
    images.map(image => renderLine(image, y * 4)).join('  '),
  )
}

/** Renders 2x4 pixels as one character, since characters are about twice as high as wide. */
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
