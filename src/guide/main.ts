// What the guide does beyond its text: colours, copying, the place in the outline, the search.
import { applyTheme, choosePictures, isDark, keepTheme } from './colours.js'
import { startSearch } from './search.js'

showThemes()
addCopyButtons()
markPlace()
startSearch()

function showThemes(): void {
  const button = document.querySelector<HTMLButtonElement>('button.theme')!
  const show = () => {
    button.textContent = isDark() ? 'Light' : 'Dark'
    button.setAttribute('aria-label', isDark() ? 'Light colours' : 'Dark colours')
    choosePictures()
  }
  button.hidden = false
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark'
    keepTheme(theme)
    applyTheme(theme)
    show()
  })
  addEventListener('storage', () => {
    applyTheme()
    show()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show)
  show()
}

/** Where the browser lets a page write to the clipboard: on localhost and by HTTPS. */
function addCopyButtons(): void {
  if (!navigator.clipboard) return
  for (const block of document.querySelectorAll<HTMLElement>('article pre')) {
    const box = document.createElement('div')
    box.className = 'code'
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = 'Copy'
    button.addEventListener('click', () => void copy(block, button))
    block.replaceWith(box)
    box.append(block, button)
  }
}

async function copy(block: HTMLElement, button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(block.textContent.trimEnd())
    button.textContent = 'Copied'
  } catch {
    getSelection()?.selectAllChildren(block)
    button.textContent = 'Selected: press Ctrl+C'
  }
  setTimeout(() => {
    button.textContent = 'Copy'
  }, 2000)
}

/** Marks the section that is read in the outline. */
function markPlace(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.outline a')]
  if (links.length === 0) return
  const headings = links.map(link => document.getElementById(link.hash.slice(1))!)
  const mark = () => {
    const next = headings.findIndex(heading => heading.getBoundingClientRect().top > 120)
    const place = next < 0 ? headings.length - 1 : next - 1
    links.forEach((link, i) => {
      if (i === place) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    })
  }
  addEventListener('scroll', mark, { passive: true })
  mark()
}
