import { effect, signal } from '@preact/signals'
import { preference } from './preference.js'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const theme = preference<Theme>('theme', 'auto', value => themes.includes(value as Theme))

/** Counts changes of the colours. A canvas reads them when it draws, so it must draw again. */
export const themeChanges = signal(0)

effect(() => {
  document.documentElement.dataset.theme = theme.value
  themeChanges.value = themeChanges.peek() + 1
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  themeChanges.value += 1
})

/** The present value of a colour of styles/tokens.css. */
export function colour(name: string): string {
  probe.style.color = `var(${name})`
  return getComputedStyle(probe).color
}

/** `getComputedStyle` resolves `light-dark()` for elements of the page only. */
const probe = document.createElement('span')
probe.hidden = true
document.documentElement.append(probe)

export const seriesColours = 10

/** The colour of a curve, by its place in a list. */
export function seriesColour(index: number, alpha = 1): string {
  const plain = colour(`--series-${(index % seriesColours) + 1}`)
  return alpha === 1 ? plain : plain.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`)
}
