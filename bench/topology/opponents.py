"""networkx and igraph on the same graph as topology.bench.ts.

Reads the closed edges as little-endian int32 pairs (parent, child) and the asked nodes as int32, prints one JSON.
A trace down is the set of nodes that hang below a node; a trace up the nodes between it and its source.
Needs Python 3.9+ with networkx and igraph from PyPI; an absent one is reported as skipped.
"""
import array
import json
import sys
import time


def read_int32(path):
    values = array.array("i")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    if sys.byteorder == "big":
        values.byteswap()
    return values


def timed(work):
    start = time.perf_counter()
    result = work()
    return (time.perf_counter() - start) * 1000, result


def percentile(sorted_ms, share):
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


def measure(name, version, build, down, up, asked, budget_s):
    build_ms, graph = timed(build)
    report = {"name": name, "version": version, "build_ms": build_ms}
    for key, trace in (("down", down), ("up", up)):
        times, nodes, started = [], 0, time.perf_counter()
        for node in asked:
            ms, found = timed(lambda: trace(graph, node))
            times.append(ms)
            nodes += len(found)
            if time.perf_counter() - started > budget_s:
                break
        times.sort()
        report[key] = {
            "asked": len(times),
            "nodes": nodes,
            "p50_ms": percentile(times, 0.50),
            "p99_ms": percentile(times, 0.99),
            "mean_ms": sum(times) / len(times),
        }
    return report


def main():
    node_count, edges_path, asked_path, budget_s = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
    flat = read_int32(edges_path)
    pairs = list(zip(flat[0::2], flat[1::2]))
    asked = list(read_int32(asked_path))
    reports = []
    try:
        import igraph

        reports.append(
            measure(
                "igraph",
                igraph.__version__,
                lambda: igraph.Graph(n=node_count, edges=pairs, directed=True),
                lambda graph, node: graph.subcomponent(node, mode="out"),
                lambda graph, node: graph.subcomponent(node, mode="in"),
                asked,
                budget_s,
            )
        )
    except ImportError as error:
        reports.append({"name": "igraph", "skipped": str(error)})
    try:
        import networkx

        def build():
            graph = networkx.DiGraph()
            graph.add_nodes_from(range(node_count))
            graph.add_edges_from(pairs)
            return graph

        reports.append(
            measure(
                "networkx",
                networkx.__version__,
                build,
                lambda graph, node: networkx.descendants(graph, node) | {node},
                lambda graph, node: networkx.ancestors(graph, node) | {node},
                asked,
                budget_s,
            )
        )
    except ImportError as error:
        reports.append({"name": "networkx", "skipped": str(error)})
    print(json.dumps({"python": sys.version.split()[0], "opponents": reports}))


main()
