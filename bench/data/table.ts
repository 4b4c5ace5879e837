import { heading, type Report, type Row, table } from '../report.js'

export interface DataRow extends Row {
  imagesPerSecond?: number
}

export function dataTable(report: Report<DataRow>): string {
  const rows = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(0)),
    row.imagesPerSecond?.toFixed(0) ?? '',
    row.ratio?.toFixed(2) ?? '',
    row.processorMs?.toFixed(0) ?? '',
    row.processorRatio?.toFixed(2) ?? '',
  ])
  const columns = [
    'case',
    'subject',
    'median ms',
    'min',
    'max',
    'images/s',
    '/ trainyard',
    ...processor,
  ]
  const notRun = report.notRun.map(
    ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
  )
  const parts = [heading(report), table(columns, rows), notes, ...notRun]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

/** By case and peer: its time divided by trainyard's. */
export function ratiosOf(rows: readonly Row[]): Record<string, Record<string, number | null>> {
  const ratios: Record<string, Record<string, number | null>> = {}
  for (const { case: name, subject, ratio } of rows) {
    if (subject === 'trainyard') continue
    ratios[name] = { ...ratios[name], [subject]: ratio && Number(ratio.toFixed(3)) }
  }
  return ratios
}

const processor = ['processor ms', '/ trainyard']

const notes = `Processor time is that of all cores, and other load hardly changes it.

Images: a zip of JPEGs, about 500 x 375 (large: 4000 x 3000), to TFRecords of 224 x 224 x 3. trainyard starts a process
and loads TensorFlow each time, checks the archive and each JPEG, and adds statistics, hashes, fingerprints and an
index; pillow decodes, crops, resizes and writes records in 2 processes that are forked with their libraries loaded.

Tables: pandas and Polars read the file with all threads and write Feather, uncompressed. trainyard reads all rows,
infers or checks types, describes each column, writes Arrow files of float32 where that loses nothing, and hashes them.

Input pipelines (jpegs-…, photos-…) read a data set again and again, shuffled, as batches of 32 augmented images of
224 x 224 in float32, standardized: image_dataset_from_directory with its augmentation in tf.data; DataLoader over an
ImageFolder with 2 workers and torchvision's v2 transforms; trainyard's input of a streaming job. All flip images.
crop: one of 224 x 224 in a border of 16 pixels. resized-crop: one of 25 to 100 % of the area, resized to 224 x 224.
What they do in each epoch: of jpegs-224, all decode files of 224 x 224. Of photos-500, keras decodes files of about
500 x 375, then crops and resizes them to 224 x 224; so does torch, which takes its resized-crop from the whole
photograph; trainyard has decoded, cropped and resized them once, at the upload, and reads pixels. trainyard's data
sets of up to 1 GiB of pixels are read from memory by default, without any of this.
Batches that a subject has prepared while others had their turn are read first and count only as processor time.

For comparison, not measured here: FFCV reads 31,278 images/s of ImageNet as JPEGs of up to 512 pixels, and 172,801/s
as raw pixels of up to 256, with a resized crop and flip, from RAM, on the 96 virtual cores of an AWS p3dn.24xlarge:
326 and 1,800 a virtual core (https://docs.ffcv.io/benchmarks.html).

training-…: steps of ResNet-18 in batches of 32, from the stream and, as in-memory, from pixels in memory.
`
