// Excel stores dates as numbers of days, and only the format of a cell says that one is a date (ECMA-376 Part 1,
// 18.8.30 numFmt; 18.17.4 dates and times).
import type { EntrySource } from '../archives/entry-source.js'
import { formatDate } from '../tables/iso-times.js'
import { readXml } from './xml-events.js'

/** Formats of dates and times that have a number instead of a code; 46 is a duration. */
const isBuiltInDate = (id: number) =>
  (id >= 14 && id <= 22) ||
  (id >= 27 && id <= 36) ||
  id === 45 ||
  id === 47 ||
  (id >= 50 && id <= 58)

/** True for `yyyy-mm-dd`, `h:mm AM/PM` and their like; not for durations such as `[h]:mm`. */
export function isDateFormat(code: string): boolean {
  const [first = ''] = code.split(';')
  const plain = first.replace(/"[^"]*"?|\\.|_./g, '')
  if (/\[(h+|m+|s+)\]/i.test(plain)) return false
  const signs = plain.replace(/\[[^\]]*\]?/g, '')
  return /[ymdhs]/i.test(signs) && !/general/i.test(signs)
}

/** Which styles of cells (`s` of a cell) show dates. */
export async function readDateStyles(source: EntrySource, entry: number): Promise<boolean[]> {
  const customFormats = new Map<number, boolean>()
  const styles: boolean[] = []
  let isInCellStyles = false
  await readXml(source, entry, {
    open(name, { numFmtId, formatCode }) {
      if (name === 'numFmt') customFormats.set(Number(numFmtId), isDateFormat(formatCode ?? ''))
      if (name === 'cellXfs') isInCellStyles = true
      if (name !== 'xf' || !isInCellStyles) return
      const id = Number(numFmtId ?? 0)
      styles.push(customFormats.get(id) ?? isBuiltInDate(id))
    },
    close(name) {
      if (name === 'cellXfs') isInCellStyles = false
    },
  })
  return styles
}

const daysBefore1970 = { 1900: 25_569, 1904: 24_107 }
const msPerDay = 86_400_000
/** 9999-12-31 in the system of 1900. */
const maxDays = 2_958_466

/**
 * An ISO 8601 date, time, or both; null for what is none. In the system of 1900, day 60 is 29 February 1900, which
 * never was, so the days before it are one more.
 */
export function dateOfSerial(serial: number, is1904: boolean): string | null {
  if (!(serial >= 0 && serial < maxDays)) return null
  // Excel shows milliseconds at most
  const ms = Math.round(serial * msPerDay)
  const days = Math.floor(ms / msPerDay)
  const time = timeOf(ms - days * msPerDay)
  if (!is1904 && days === 60) return null
  if (days === 0 && !is1904) return time ?? '00:00:00'
  const date = formatDate(
    days - daysBefore1970[is1904 ? 1904 : 1900] + (!is1904 && days < 60 ? 1 : 0),
  )
  return time === null ? date : `${date}T${time}`
}

/** Null at midnight. */
function timeOf(ms: number): string | null {
  if (ms === 0) return null
  const text = new Date(ms).toISOString().slice(11, 23)
  return text.endsWith('.000') ? text.slice(0, 8) : text
}
