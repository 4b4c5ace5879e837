// Encodes TensorBoard's event files: TFRecords of tensorflow.Event messages (event.proto).
import { create, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { MetricRow } from '../../spec/metrics.js'
import { recordFrame } from '../tfrecord.js'
import {
  DataClass,
  DataType,
  type Event,
  EventSchema,
  SessionLog_SessionStatus,
  type Summary_ValueSchema,
} from './event_pb.js'
import {
  type HParamsPluginData,
  HParamsPluginDataSchema,
  SessionEndInfoSchema,
  SessionStartInfoSchema,
  Status,
} from './hparams_pb.js'

export type HparamValue = string | number | boolean

/** What TensorBoard shows of a run besides its scalars. */
export interface RunDescription {
  /** Markdown for the text page. */
  text: string
  /** Name of the run's row on the HPARAMS page. */
  group: string
  /** The columns of the HPARAMS page. */
  hparams: Readonly<Record<string, HparamValue>>
}

/**
 * The first records of an attempt's file. A resumed job repeats steps: TensorBoard drops the values that
 * earlier files in the folder have from `firstStep` on. `wallTime` is in seconds since 1970; `run` is null
 * if an earlier file describes it.
 */
export function encodeFileStart(
  firstStep: number,
  wallTime: number,
  run: RunDescription | null,
): Buffer {
  const events = [
    event(wallTime, 0, { case: 'fileVersion', value: 'brain.Event:2' }),
    event(wallTime, firstStep, {
      case: 'sessionLog',
      value: { $typeName: 'tensorflow.SessionLog', status: SessionLog_SessionStatus.START },
    }),
  ]
  if (run !== null) {
    events.push(
      textEvent(wallTime, firstStep, 'job', run.text),
      hparamsEvent(wallTime, firstStep, 'session_start_info', {
        case: 'sessionStartInfo',
        value: create(SessionStartInfoSchema, {
          groupName: run.group,
          startTimeSecs: wallTime,
          hparams: Object.fromEntries(
            Object.entries(run.hparams)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, value]) => [name, fromJson(ValueSchema, value)]),
          ),
        }),
      }),
    )
  }
  return Buffer.concat(events.map(encodeRecord))
}

/**
 * The last record of a job that has succeeded, for the HPARAMS page. TensorBoard keeps the first such record of
 * a run, so none is written for an end after which the job may go on.
 */
export function encodeSuccess(step: number, wallTime: number): Buffer {
  const value = create(SessionEndInfoSchema, {
    status: Status.SUCCESS,
    endTimeSecs: wallTime,
  })
  return encodeRecord(
    hparamsEvent(wallTime, step, 'session_end_info', { case: 'sessionEndInfo', value }),
  )
}

/** Encodes a metrics row as one record. */
export function encodeMetricRow({ step, time, values }: MetricRow): Buffer {
  const value = Object.entries(values).map(([name, value]) => ({
    $typeName: 'tensorflow.Summary.Value' as const,
    tag: tagOf(name),
    value: { case: 'simpleValue' as const, value },
  }))
  const summary = { $typeName: 'tensorflow.Summary' as const, value }
  return encodeRecord(event(Date.parse(time) / 1000, step, { case: 'summary', value: summary }))
}

/** TensorBoard groups tags by the part before the slash: `train/loss`, `validation/accuracy`. */
export function tagOf(name: string): string {
  if (name.includes('/')) return name
  const [, metric] = /^validation([A-Z].*)$/.exec(name) ?? []
  if (!metric) return `train/${name}`
  return `validation/${metric[0]!.toLowerCase()}${metric.slice(1)}`
}

const event = (wallTime: number, step: number, what: Event['what']): Event =>
  create(EventSchema, { wallTime, step: BigInt(step), what })

function textEvent(wallTime: number, step: number, tag: string, text: string): Event {
  return tensorEvent(wallTime, step, {
    tag,
    metadata: { pluginData: { pluginName: 'text' }, dataClass: DataClass.TENSOR },
    value: {
      case: 'tensor',
      value: {
        dtype: DataType.DT_STRING,
        tensorShape: {},
        stringVal: [new TextEncoder().encode(text)],
      },
    },
  })
}

/** The content of an HPARAMS record is in its metadata; its tensor is empty, as TensorBoard writes it. */
function hparamsEvent(
  wallTime: number,
  step: number,
  tag: string,
  data: HParamsPluginData['data'],
): Event {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, { data }))
  return tensorEvent(wallTime, step, {
    tag: `_hparams_/${tag}`,
    metadata: { pluginData: { pluginName: 'hparams', content } },
    value: {
      case: 'tensor',
      value: { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 0n }] } },
    },
  })
}

function tensorEvent(
  wallTime: number,
  step: number,
  value: MessageInitShape<typeof Summary_ValueSchema>,
): Event {
  const summary = { case: 'summary' as const, value: { value: [value] } }
  return create(EventSchema, { wallTime, step: BigInt(step), what: summary })
}

function encodeRecord(message: Event): Buffer {
  const data = toBinary(EventSchema, message)
  const { header, footer } = recordFrame(data)
  return Buffer.concat([header, data, footer])
}
