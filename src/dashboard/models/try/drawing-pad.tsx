import { useEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { Checkbox } from '../../ui/field.js'
import type { NetworkView } from '../model-words.js'

/** Pixels of the longer side: enough for smooth lines at the size of any network. */
const padSize = 280
/** After a stroke, this long is waited for another one. */
const pauseMs = 250

interface DrawingPadProps {
  input: NetworkView['input']
  onDraw: (image: Blob) => void
}

/** A canvas to draw on by mouse, pen or finger. */
export function DrawingPad({ input, onDraw }: DrawingPadProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  // lines are bright if the images of the training are mostly dark
  const [isDark, setDark] = useState(mean(input.mean) < 128)
  const [isColoured, setColoured] = useState(false)
  const [ink, setInk] = useState('#d03030')
  const [pen, setPen] = useState(22)
  const [isEmpty, setEmpty] = useState(true)
  const scale = padSize / Math.max(input.height, input.width)
  const width = Math.round(input.width * scale)
  const height = Math.round(input.height * scale)

  function clear() {
    clearTimeout(timer.current)
    const context = canvas.current!.getContext('2d', { alpha: false })!
    context.fillStyle = isDark ? '#000000' : '#ffffff'
    context.fillRect(0, 0, width, height)
    setEmpty(true)
  }
  useEffect(clear, [isDark, width, height])
  useEffect(() => () => clearTimeout(timer.current), [])

  function draw(event: PointerEvent & { currentTarget: HTMLCanvasElement }, isStart: boolean) {
    const target = event.currentTarget
    const context = target.getContext('2d', { alpha: false })!
    const box = target.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * width
    const y = ((event.clientY - box.top) / box.height) * height
    context.strokeStyle = isColoured ? ink : isDark ? '#ffffff' : '#000000'
    context.lineWidth = pen
    context.lineCap = 'round'
    context.lineJoin = 'round'
    if (isStart) {
      context.beginPath()
      context.moveTo(x, y)
    }
    context.lineTo(x, y)
    context.stroke()
  }
  function end() {
    setEmpty(false)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      canvas.current?.toBlob(blob => blob && onDraw(blob), 'image/png')
    }, pauseMs)
  }
  return (
    <div class="drawing-pad">
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label="Canvas to draw on with mouse, pen or finger"
        onPointerDown={event => {
          event.preventDefault()
          clearTimeout(timer.current)
          event.currentTarget.setPointerCapture(event.pointerId)
          draw(event, true)
        }}
        onPointerMove={event => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) draw(event, false)
        }}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <div class="row">
        <Button icon="trash" disabled={isEmpty} onClick={clear}>
          Clear
        </Button>
        <label class="row">
          Pen
          <input
            type="range"
            min={6}
            max={48}
            value={pen}
            onInput={event => setPen(Number(event.currentTarget.value))}
          />
        </label>
        <Checkbox checked={isDark} onChange={setDark}>
          Dark ground
        </Checkbox>
        {input.channels > 1 && (
          <>
            <Checkbox checked={isColoured} onChange={setColoured}>
              Colour
            </Checkbox>
            {isColoured && (
              <input
                type="color"
                aria-label="Colour of the pen"
                value={ink}
                onInput={event => setInk(event.currentTarget.value)}
              />
            )}
          </>
        )}
      </div>
      <p class="faint">
        The drawing is sent as PNG, and brought to {input.width} x {input.height} pixels by the
        server. Draw as large as the training images are.
      </p>
    </div>
  )
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1)
