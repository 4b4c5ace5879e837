// The published JSON schemas of Kubernetes' API. `npm test` installs them.
import { pythonPackages } from './python-packages.js'

const packages = pythonPackages('kubernetes-schemas.json', 'the schemas of Kubernetes')

/** Options of a test that checks manifests. */
export const needsKubernetesSchemas = packages.needed

/** The oldest version that docs/executors.md promises, and the newest that there are schemas of. */
const versions = ['1.29', '1.37']

const program = `
import json, sys, kubernetes_validate
from kubernetes_validate import ValidationError
problems = []
with open(sys.argv[1]) as file: objects = json.load(file)
for object in objects:
    for version in sys.argv[2:]:
        name = f"{object['kind']} {object['metadata']['name']} ({version})"
        try:
            kubernetes_validate.validate(object, version, strict=True)
        except ValidationError as error:
            problems.append(f"{name}: {'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.utils.SchemaNotFoundError:
            problems.append(f"{name}: there is no schema")
print(json.dumps(problems))
`

/** What is wrong with objects, unknown fields included; `file`: a file with them as a JSON array. */
export const problemsOf = async (file: string): Promise<string[]> =>
  JSON.parse(await packages.run(program, file, ...versions))
