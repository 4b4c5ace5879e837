import type { ImagesManifest } from '../src/spec/dataset.js'

/** The manifest of a small data set of digits; its shards do not exist. */
export const digitsManifest = (overrides: Partial<ImagesManifest> = {}): ImagesManifest => ({
  id: 'ds-0123456789abcdef',
  name: 'digits',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'images',
  height: 28,
  width: 28,
  channels: 1,
  encoding: 'raw',
  records: 1000,
  labels: ['0', '1', '2'],
  classCounts: [300, 300, 400],
  mean: [33],
  std: [78],
  shards: [],
  ...overrides,
})
