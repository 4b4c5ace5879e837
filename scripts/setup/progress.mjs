// Progress of long steps: a live bar on a terminal, else one line at the start and one at the end.
const live = process.stderr.isTTY && process.env.TERM !== 'dumb'

/** Runs one step of set-up; `work` reports its progress by `show(fraction)`. */
export async function step(title, work) {
  const started = performance.now()
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
  let fraction
  const draw = () => {
    // cut to the terminal's width: a line that wraps cannot be redrawn
    const line = `${bar(fraction)} ${title}, ${seconds()}`.slice(0, process.stderr.columns - 1)
    write(`\r\x1b[2K${line}`)
  }
  const write = text => process.stderr.write(text)

  if (!live) write(`trainyard: ${title} ...\n`)
  const timer = live ? setInterval(draw, 100) : undefined
  try {
    const result = await work(howFar => {
      fraction = howFar
    })
    write(`${live ? '\r\x1b[2K' : ''}trainyard: ${title}: ${seconds()}\n`)
    return result
  } catch (error) {
    write(`${live ? '\r\x1b[2K' : ''}trainyard: ${title}: failed after ${seconds()}\n`)
    throw error
  } finally {
    clearInterval(timer)
  }
}

export const say = text => process.stderr.write(`trainyard: ${text}\n`)

const width = 24

function bar(fraction) {
  if (fraction === undefined) return spinner[Math.floor(performance.now() / 100) % spinner.length]
  const full = Math.round(Math.min(1, fraction) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(fraction * 100)).padStart(3)} %`
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
