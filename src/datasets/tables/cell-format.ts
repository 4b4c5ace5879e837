import type { CellFormat } from '../../spec/dataset.js'

export const decimalSigns = { point: '.', comma: ',' } as const satisfies Readonly<
  Record<string, CellFormat['decimal']>
>

export type ThousandsSign = NonNullable<CellFormat['thousands']>

export const thousandsSigns = {
  comma: ',',
  point: '.',
  apostrophe: "'",
  blank: ' ',
  underscore: '_',
} as const satisfies Readonly<Record<string, ThousandsSign>>

/** What cells look like if the form says nothing. */
export const plainFormat: CellFormat = { decimal: '.', thousands: null, missing: [] }

export const isPlain = ({ decimal, thousands, missing }: CellFormat): boolean =>
  decimal === '.' && thousands === null && missing.length === 0
