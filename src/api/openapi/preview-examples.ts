import type {
  ColumnHistogram,
  ContactSheet,
  HistogramPage,
  SamplePage,
} from '../../spec/dataset-preview.js'

const samples: SamplePage = {
  kind: 'images',
  items: [
    {
      index: 0,
      label: 3,
      class: 'roses',
      split: 'train',
      height: 240,
      width: 320,
      source: 'flowers.zip/train/roses/1.jpg',
      url: '/datasets/ds-5f2a9c81d04b7e36/images/0',
    },
  ],
  total: 641,
  nextCursor: 'WyJpbmRleCIsImRzLTVmMmE5YzgxZDA0YjdlMzYiLDFd',
}

const sheet: ContactSheet = {
  rows: 1,
  columns: 10,
  cell: 64,
  cells: [{ row: 0, column: 0, index: 0, label: 3, class: 'roses' }],
}

const histogram: ColumnHistogram = {
  name: 'area',
  type: 'number',
  missing: 12,
  edges: [20, 115, 210, 305, 400],
  counts: [9120, 7011, 1802, 67],
  countedRows: 18_012,
}

const histograms: HistogramPage = { items: [histogram], total: 14, nextCursor: null }

/** Examples of samples, contact sheets and histograms, by the name of their schema in the document. */
export const previewExamples: Readonly<Record<string, object>> = {
  SamplePage: samples,
  ContactSheet: sheet,
  ColumnHistogram: histogram,
  HistogramPage: histograms,
}
