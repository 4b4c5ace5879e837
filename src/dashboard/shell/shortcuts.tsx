import { useEffect, useState } from 'preact/hooks'
import { goTo } from '../place.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { sections } from '../views.js'

/** How long a second key may take after `g`. */
const pairMs = 1500

const shortcuts: readonly (readonly [keys: string, meaning: string])[] = [
  ...sections.map(({ key, title }) => [`g ${key}`, `Go to ${title.toLowerCase()}`] as const),
  ['n', 'New job'],
  ['/', 'Search or filter in this view'],
  ['?', 'Show these keys'],
  ['Escape', 'Close what is open'],
]

/** The keys that work everywhere, and their list. Keys do nothing while something is written. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    let goPressedAt = Number.NEGATIVE_INFINITY
    function onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return
      if (document.querySelector('dialog[open]')) return
      const section = sections.find(({ key }) => key === event.key)
      if (section && event.timeStamp - goPressedAt < pairMs) goTo(`#${section.path}`)
      else if (event.key === 'n') goTo('#/jobs/new')
      else if (event.key === '?') setOpen(true)
      else if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('main input[type="search"]')
        if (!search) return
        search.focus()
        event.preventDefault()
      }
      goPressedAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [])
  return (
    <>
      <Button kind="quiet" label="Keys" onClick={() => setOpen(true)}>
        ?
      </Button>
      {isOpen && (
        <Dialog title="Keys" onClose={() => setOpen(false)}>
          <dl class="facts">
            {shortcuts.map(([keys, meaning]) => (
              <div key={keys}>
                <dt>
                  {keys.split(' ').map(key => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
    </>
  )
}

const isWriting = ({ target }: KeyboardEvent) =>
  target instanceof HTMLElement &&
  target.closest('input, textarea, select, [contenteditable]') !== null
