/**
 * Whether the terminal shows characters beside ASCII. A locale that says otherwise counts; without one, as in most
 * containers, terminals of today do.
 */
export function isUnicodeTerminal(environment: NodeJS.ProcessEnv): boolean {
  if (environment.TERM === 'linux' || environment.TERM === 'dumb') return false
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG
  return !locale || /utf-?8/i.test(locale)
}
