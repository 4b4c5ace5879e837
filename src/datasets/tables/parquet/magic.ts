/** At both ends of a Parquet file. */
export const magic = 'PAR1'
export const encryptedMagic = 'PARE'

export const isParquet = (head: Buffer): boolean =>
  [magic, encryptedMagic].includes(head.toString('latin1', 0, 4))
