/** Where the dashboard keeps the choice of its user (src/dashboard/ui/preference.ts): both have the same colours. */
const key = 'trainyard.theme'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** A browser may forbid to keep anything; then the system's choice counts. */
export function readTheme(): Theme {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '"auto"')
    return themes.find(theme => theme === value) ?? 'auto'
  } catch {
    return 'auto'
  }
}

export function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, JSON.stringify(theme))
  } catch {
    // forbidden or full: the choice lasts as long as the page
  }
}

export function applyTheme(theme: Theme = readTheme()): void {
  document.documentElement.dataset.theme = theme
}

export function isDark(): boolean {
  const { theme } = document.documentElement.dataset
  return (
    theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  )
}

/** Pictures have a light and a dark form, which `<picture>` chooses by the system; the reader's choice goes first. */
export function choosePictures(): void {
  const media = isDark() ? 'all' : 'not all'
  for (const source of document.querySelectorAll('picture source')) {
    source.setAttribute('media', media)
  }
}
