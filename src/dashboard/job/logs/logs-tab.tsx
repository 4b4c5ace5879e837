import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import { place, setQuery } from '../../place.js'
import { Button, LinkButton } from '../../ui/button.js'
import { Checkbox, Select, TextInput } from '../../ui/field.js'
import { formatTime } from '../../ui/format.js'
import { Loading } from '../../ui/load.js'
import { Empty } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import { useVirtualRows } from '../../ui/virtual-rows.js'
import { fileUrl } from '../job-files.js'
import { hasEnded, type JobTabProps } from '../use-job.js'
import { partsOf } from './log-text.js'
import { maxLines, type ShownLine, useLog } from './use-log.js'

const lineHeight = 20

/** The log of a job, which goes on while it is shown. */
export function LogsTab({ job }: JobTabProps) {
  const { query } = place.value
  const attempt = Number(query.get('attempt')) || null
  const search = query.get('q') ?? ''
  const isFiltered = query.get('only') === '1'
  const log = useLog(job, attempt)
  const found = useMemo(
    () => (search ? log.lines.filter(({ line }) => includes(line, search)) : log.lines),
    [log.lines, search],
  )
  const shown = isFiltered ? found : log.lines
  const attempts = Array.from({ length: job.attempt }, (_, i) => String(i + 1))
  const download = fileUrl(
    { format: 'text', ...(attempt && { attempt: String(attempt) }) },
    ...['jobs', job.id, 'logs'],
  )
  return (
    <div class="stack">
      <div class="row log-controls" role="search">
        <TextInput
          type="search"
          label="Search the log"
          placeholder="Search"
          value={search}
          onChange={q => setQuery({ q })}
        />
        {search && (
          <>
            <Checkbox
              checked={isFiltered}
              onChange={isChosen => setQuery({ only: isChosen ? 1 : null })}
            >
              Only these
            </Checkbox>
            <span class="soft" role="status">
              {formatCount(found.length)} {found.length === 1 ? 'line' : 'lines'}
            </span>
          </>
        )}
        {attempts.length > 1 && (
          <Select
            label="Attempt"
            value={String(attempt ?? '')}
            options={[['', 'All attempts'], ...attempts.map(n => [n, `Attempt ${n}`] as const)]}
            onChange={value => setQuery({ attempt: value })}
          />
        )}
        <LinkButton icon="download" href={download} download={`${job.id}.log`}>
          Download
        </LinkButton>
      </div>
      {log.error !== undefined && <ProblemNote error={log.error} />}
      {log.isCut && (
        <p class="soft">
          The page has the last {formatCount(maxLines)} lines. The download has all.
        </p>
      )}
      {shown.length > 0 ? (
        <LogLines key={attempt} lines={shown} search={search} isLive={!hasEnded(job)} />
      ) : log.lines.length > 0 ? (
        <Empty icon="search" title={`No line has ${search}`} />
      ) : log.state === 'connecting' && job.attempt > 0 ? (
        <Loading label="the log" />
      ) : (
        <Empty icon="jobs" title="Nothing is logged yet">
          <p>The first lines come when a worker starts the job.</p>
        </Empty>
      )}
    </div>
  )
}

const includes = (line: string, search: string) => line.toLowerCase().includes(search.toLowerCase())

interface LogLinesProps {
  lines: readonly ShownLine[]
  search: string
  isLive: boolean
}

function LogLines({ lines, search, isLive }: LogLinesProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [isFollowing, setFollowing] = useState(true)
  const { rows, totalSize } = useVirtualRows(scroller, lines.length, lineHeight)
  const toEnd = () => {
    const element = scroller.current!
    element.scrollTop = element.scrollHeight
  }
  useEffect(() => {
    if (isFollowing) toEnd()
  }, [lines, isFollowing])
  // whoever scrolls up wants to read there; at the end, the log runs on
  function onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!
    setFollowing(scrollHeight - scrollTop - clientHeight < lineHeight)
  }
  const showAttempts = lines[0]?.attempt !== lines.at(-1)?.attempt
  return (
    <div class="log">
      <div
        ref={scroller}
        class="log-lines"
        role="region"
        aria-label="Log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class="log-space" style={{ height: `${totalSize}px` }}>
          {rows.map(({ index, start }) => {
            const { number, time, line, attempt } = lines[index]!
            return (
              <div key={number} class="log-line" style={{ transform: `translateY(${start}px)` }}>
                <time dateTime={time} title={formatTime(time)}>
                  {clock(time)}
                </time>
                {showAttempts && <span class="log-attempt">{attempt}</span>}
                <span>
                  {partsOf(line, search).map(({ text, isFound }, i) =>
                    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line stay
                    isFound ? <mark key={i}>{text}</mark> : text,
                  )}
                </span>
              </div>
            )
          })}
        </div>
      </div>
      {!isFollowing && (
        <Button class="log-follow" icon="arrowDown" onClick={() => setFollowing(true)}>
          {isLive ? 'Follow' : 'To the end'}
        </Button>
      )}
    </div>
  )
}

const clock = (time: string) => new Date(time).toLocaleTimeString('en-GB')
