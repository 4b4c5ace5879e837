/**
 * The entrypoint of a gang in Ray: reserves a place for each rank, all or none, and runs the command in each. Ray
 * takes no placement group by its REST API. Arguments: ranks, CPUs, GPUs and bytes of memory of each, command.
 */
export const rayGangProgram = `
import os, subprocess, sys
import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

world, cpus, gpus, memory = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
command = sys.argv[5:]
ray.init(address="auto", log_to_driver=True)
bundle = {"CPU": cpus}
if gpus: bundle["GPU"] = gpus
if memory: bundle["memory"] = memory
group = placement_group([bundle] * world, strategy="PACK")
ray.get(group.ready())
settings = {name: value for name, value in os.environ.items() if name.startswith(("TRAINYARD_", "AWS_", "REDIS_"))}

def place(function, rank):
    strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
    return function.options(num_cpus=cpus, num_gpus=gpus, memory=memory or None, max_retries=0, scheduling_strategy=strategy)

@ray.remote
def address():
    return ray.util.get_node_ip_address()

@ray.remote
def run(rank, leader):
    own = {"TRAINYARD_RANK": str(rank), "TRAINYARD_RANK_HOST": ray.util.get_node_ip_address(), "TRAINYARD_LEADER": leader}
    return subprocess.call(command, env={**os.environ, **settings, **own})

leader = ray.get(place(address, 0).remote())
sys.exit(max(ray.get([place(run, rank).remote(rank, leader) for rank in range(world)])))
`.trimStart()
