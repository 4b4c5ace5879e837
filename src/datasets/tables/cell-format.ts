/** How the cells of a table are written, as far as a form can say it. */
export interface CellFormat {
  decimal: DecimalSign
  /** The sign between groups of digits; null if there is none. */
  thousands: ThousandsSign | null
  /** Words for a missing value, beside those that are always understood. */
  missing: readonly string[]
}

export const decimalSigns = { point: '.', comma: ',' } as const
export type DecimalSign = (typeof decimalSigns)[keyof typeof decimalSigns]

export const thousandsSigns = {
  comma: ',',
  point: '.',
  apostrophe: "'",
  blank: ' ',
  underscore: '_',
} as const
export type ThousandsSign = (typeof thousandsSigns)[keyof typeof thousandsSigns]

export const plainFormat: CellFormat = { decimal: '.', thousands: null, missing: [] }
