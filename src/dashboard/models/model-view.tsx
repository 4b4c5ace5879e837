import type { ComponentType } from 'preact'
import { ProblemError } from '../../client/client.js'
import { pathTo, placeUrl, setQuery } from '../place.js'
import { LinkButton } from '../ui/button.js'
import { Select } from '../ui/field.js'
import { Loaded } from '../ui/load.js'
import { Badge, Empty, Page } from '../ui/parts.js'
import { Tabs } from '../ui/tabs.js'
import type { ViewProps } from '../view.js'
import { AliasesTab } from './aliases-tab.js'
import { CardTab } from './card-tab.js'
import { DriftTab } from './drift-tab.js'
import { kindText } from './model-words.js'
import { TrafficTab } from './traffic-tab.js'
import { TryTab } from './try-tab.js'
import { choiceOf, type ModelTabProps, type ShownModel, useModel } from './use-model.js'
import { UseTab } from './use-tab.js'
import { VersionsTab } from './versions-tab.js'

interface ModelTab {
  name: string
  title: string
  Content: ComponentType<ModelTabProps>
}

const modelTabs: readonly ModelTab[] = [
  { name: 'try', title: 'Try it', Content: TryTab },
  { name: 'card', title: 'Card', Content: CardTab },
  { name: 'versions', title: 'Versions', Content: VersionsTab },
  { name: 'aliases', title: 'Aliases', Content: AliasesTab },
  { name: 'traffic', title: 'Traffic', Content: TrafficTab },
  { name: 'drift', title: 'Drift', Content: DriftTab },
  { name: 'use', title: 'Use', Content: UseTab },
]

const back = { href: '#/models', label: 'All models' }

export default function ModelView({ params, query }: ViewProps) {
  const id = params.id!
  const choice = choiceOf(query)
  const shown = useModel(id, choice)
  const { data, error } = shown
  if (error instanceof ProblemError && error.problem.status === 404) {
    return (
      <Page title={id} back={back}>
        <Empty icon="model" title={error.problem.detail}>
          <p>It may have been deleted.</p>
          <div class="row">
            {Object.keys(choice).length > 0 && (
              <LinkButton href={`#${pathTo('models', id)}`}>Show the model</LinkButton>
            )}
            <LinkButton href="#/models">Go to the models</LinkButton>
          </div>
        </Empty>
      </Page>
    )
  }
  const tab = modelTabs.find(({ name }) => name === query.get('tab')) ?? modelTabs[0]!
  return (
    <Page
      title={id}
      back={back}
      beside={
        data && (
          <>
            <VersionChoice {...data} query={query} />
            {data.model.aliases.map(alias => (
              <Badge key={alias} tone="good">
                {alias}
              </Badge>
            ))}
            {data.model.stage && <Badge tone="busy">{data.model.stage}</Badge>}
            <span class="soft">{kindText(data.model)}</span>
          </>
        )
      }
    >
      <Loaded of={shown} label="the model">
        {({ model, aliases }) => (
          <>
            <Tabs
              label="Parts of the model"
              current={tab.name}
              tabs={modelTabs.map(({ name, title }) => ({
                name,
                title,
                href: placeUrl(pathTo('models', id), {
                  ...choice,
                  tab: name === modelTabs[0]!.name ? null : name,
                }),
              }))}
            />
            <tab.Content
              key={`${tab.name} ${model.id} ${model.version}`}
              model={model}
              aliases={aliases}
              query={query}
              reload={shown.reload}
            />
          </>
        )}
      </Loaded>
    </Page>
  )
}

/** A version by its number or by an alias; without a choice, the one that the bare name serves. */
function VersionChoice({ model, aliases, query }: ShownModel & { query: URLSearchParams }) {
  const alias = query.get('alias')
  const version = query.get('version')
  const value = version ? `v${version}` : alias ? `a${alias}` : ''
  const options = [
    ['', value === '' ? `version ${model.version} (served by the name)` : 'served by the name'],
    ...aliases.map(each => [`a${each.alias}`, `${each.alias} → version ${each.version}`] as const),
    ...model.versions.toReversed().map(each => [`v${each}`, `version ${each}`] as const),
  ] as const
  return (
    <Select
      label="Version"
      value={value}
      options={options}
      onChange={chosen =>
        setQuery(
          {
            version: chosen.startsWith('v') ? chosen.slice(1) : null,
            alias: chosen.startsWith('a') ? chosen.slice(1) : null,
          },
          { replace: false },
        )
      }
    />
  )
}
