// The API imports nothing of `engine`, most of which loads libraries.
export { engineVersions } from '../engine/engine-versions.js'
