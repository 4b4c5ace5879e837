import { encodePng } from '../../formats/png.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import type { ContactSheet, ContactSheetCell } from '../../spec/dataset-preview.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { imagePlaces } from '../stored/stored-images.js'
import { type Pixels, readPixels } from '../stored/stored-pixels.js'
import { fitInto, scaleByArea } from './area-scaling.js'
import { selectImages } from './image-page.js'
import type { SheetLayout } from './preview-tasks.js'

type StoredImages = StoredDataset<ImagesManifest>

/**
 * Which images a sheet shows. Of one class, the first ones, row by row. Of all classes, each row has the first
 * images of one class, in the order of the classes; classes without images have no row.
 */
export async function layOut(dataset: StoredImages, layout: SheetLayout): Promise<ContactSheet> {
  const { filter, columns, rows, cell } = layout
  const { labels } = await imagePlaces(dataset)
  const cellOf = (row: number, column: number, index: number): ContactSheetCell => {
    const label = labels[index]!
    return { row, column, index, label, class: dataset.manifest.labels[label]! }
  }
  if (filter.label !== null) {
    const { indices } = selectImages(labels, filter, filter.first, columns * rows)
    const cells = indices.map((index, i) => cellOf(Math.floor(i / columns), i % columns, index))
    return { rows: Math.ceil(cells.length / columns), columns, cell, cells }
  }
  const found: number[][] = dataset.manifest.labels.map(() => [])
  for (let index = filter.first; index < filter.end; index++) {
    const ofClass = found[labels[index]!]
    if (ofClass && ofClass.length < columns) ofClass.push(index)
  }
  const shown = found.filter(indices => indices.length > 0).slice(0, rows)
  const cells = shown.flatMap((indices, row) =>
    indices.map((index, column) => cellOf(row, column, index)),
  )
  return { rows: shown.length, columns, cell, cells }
}

/** Behind images that do not fill their cells. */
const background = 24

/** Draws the sheet as a PNG of rows × cell by columns × cell pixels, grey if the images are. */
export async function drawSheet(dataset: StoredImages, layout: SheetLayout): Promise<Buffer> {
  const { rows, columns, cell, cells } = await layOut(dataset, layout)
  const channels = dataset.manifest.channels === 1 ? 1 : 3
  const sheet = { height: Math.max(1, rows) * cell, width: columns * cell, channels } as const
  const pixels = new Uint8Array(sheet.height * sheet.width * channels).fill(background)
  const places = new Map(cells.map(({ index, row, column }) => [index, { row, column }]))
  const indices = cells.map(({ index }) => index)
  for await (const { index, pixels: image } of readPixels(dataset, indices)) {
    const { row, column } = places.get(index)!
    drawCell(pixels, sheet, image, { cell, top: row * cell, left: column * cell })
  }
  return encodePng(pixels, sheet)
}

interface CellPlace {
  cell: number
  top: number
  left: number
}

/** Draws an image in the middle of its cell, without its opacity. */
function drawCell(
  sheetPixels: Uint8Array,
  sheet: { width: number; channels: 1 | 3 },
  image: Pixels,
  { cell, top, left }: CellPlace,
): void {
  const { height, width } = fitInto(cell, image)
  const scaled = scaleByArea(image.values, image, { height, width })
  const firstRow = top + Math.floor((cell - height) / 2)
  const firstColumn = left + Math.floor((cell - width) / 2)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * image.channels
      const to = ((firstRow + y) * sheet.width + firstColumn + x) * sheet.channels
      for (let c = 0; c < sheet.channels; c++) sheetPixels[to + c] = scaled[from + c]!
    }
  }
}
