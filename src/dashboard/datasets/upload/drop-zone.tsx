import { useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import { Button } from '../../ui/button.js'
import { Icon } from '../../ui/icon.js'
import { reportError } from '../../ui/toast.js'
import { type Choice, filesOfDrop, filesOfInput } from './chosen-files.js'

/** Takes files and folders that are dropped on it or chosen. */
export function DropZone({ onChoice }: { onChoice: (choice: Choice) => void }) {
  const [isOver, setOver] = useState(false)
  const [reading, setReading] = useState<number | null>(null)
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)

  async function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    if (!event.dataTransfer) return
    setReading(0)
    try {
      onChoice(await filesOfDrop(event.dataTransfer.items, setReading))
    } catch (error) {
      reportError(error)
    }
    setReading(null)
  }

  function choose(input: HTMLInputElement) {
    if (input.files?.length) onChoice(filesOfInput(input.files))
    // so that the same files can be chosen again
    input.value = ''
  }

  return (
    <section
      class={`drop-zone ${isOver ? 'over' : ''}`}
      aria-label="Files of the data set"
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={event => void drop(event)}
    >
      <Icon name="upload" />
      {reading === null ? (
        <>
          <p>
            <strong>Drop files or a folder here</strong>
          </p>
          <p class="soft">
            Images with a folder for each class, a zip or tar, CSV, Parquet, JSON Lines, TFRecord,
            NumPy and others
          </p>
          <div class="row">
            <Button onClick={() => files.current?.click()}>Choose files</Button>
            <Button onClick={() => folder.current?.click()}>Choose a folder</Button>
          </div>
        </>
      ) : (
        <p role="status">Reading the folder: {formatCount(reading)} files</p>
      )}
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={event => choose(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder"
        {...({ webkitdirectory: true } as object)}
        onChange={event => choose(event.currentTarget)}
      />
    </section>
  )
}
