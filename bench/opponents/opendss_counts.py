"""Our OpenDSS importer against the OpenDSS engine itself: same buses, edges, loops, loads, transformers, kW and kvar.

    python3 -m venv venv && venv/bin/pip install OpenDSSDirect.py==0.9.4 networkx
    venv/bin/python bench/opponents/opendss_counts.py ../shared/data/networks

Exit status 1 where a figure differs. The engine writes beside its scripts, so they are copied first.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import networkx
import opendssdirect as dss

MASTERS = [
    "opendss/8500-Node/Master.dss",
    "opendss/ckt5/Master_ckt5.dss",
    "opendss/123Bus/IEEE123Master.dss",
    "opendss/123Bus/IEEE123Switches.dss",
    "opendss/13Bus/IEEE13Nodeckt.dss",
    "opendss/ieee9500dss/ieee9500_base.dss",
    "smartds/Master.dss",
]


def engine_counts(master: str) -> dict:
    folder = os.getcwd()
    started = time.perf_counter()
    dss.Text.Command("clear")
    try:
        dss.Text.Command(f'compile "{master}"')
    except dss.DSSException as error:
        # a deprecated inverter setting (SMART-DS) and a file of UUIDs (IEEE 9500) stop the script after the network
        print(f"  engine: {str(error).splitlines()[0]}", file=sys.stderr)
    milliseconds = round((time.perf_counter() - started) * 1000)
    os.chdir(folder)
    kw = kvar = 0.0
    for name in dss.Loads.AllNames():
        dss.Loads.Name(name)
        kw += dss.Loads.kW()
        kvar += dss.Loads.kvar()
    closed = networkx.Graph()
    opened = 0
    for element in dss.Circuit.AllElementNames():
        kind = element.split(".")[0]
        dss.Circuit.SetActiveElement(element)
        if not dss.CktElement.Enabled():
            continue
        buses = [bus.split(".")[0].lower() for bus in dss.CktElement.BusNames()]
        closed.add_nodes_from(bus for bus in buses if bus)
        if kind not in ("Line", "Transformer", "Reactor", "Capacitor") or len(set(buses)) < 2:
            continue
        phases = range(1, dss.CktElement.NumPhases() + 1)
        if any(dss.CktElement.IsOpen(terminal, phase) for terminal in (1, 2) for phase in phases):
            opened += 1
        else:
            closed.add_edge(buses[0], buses[1])
    components = networkx.number_connected_components(closed)
    return {
        "nodes": closed.number_of_nodes(),
        "edges": closed.number_of_edges(),
        "components": components,
        "loops": closed.number_of_edges() - closed.number_of_nodes() + components,
        "loads": dss.Loads.Count(),
        "transformers": dss.Transformers.Count(),
        "totalKw": kw,
        "totalKvar": kvar,
        "ms": milliseconds,
    }


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    different = 0
    with tempfile.TemporaryDirectory() as copies:
        networks = shutil.copytree(sys.argv[1], os.path.join(copies, "networks"))
        for folder, _, names in os.walk(networks):
            os.chmod(folder, 0o755)
            for name in names:
                os.chmod(os.path.join(folder, name), 0o644)
        for master in MASTERS:
            path = os.path.join(networks, master)
            node = os.path.join(root, "node_modules", ".bin", "node")
            ours = json.loads(
                subprocess.run(
                    [node, os.path.join(here, "opendss_report.ts"), path], check=True, capture_output=True, text=True, cwd=root
                ).stdout
            )
            engine = engine_counts(path)
            wrong = [
                name
                for name, value in engine.items()
                if name != "ms" and abs(ours[name] - value) > 1e-6 * max(1.0, abs(value))
            ]
            different += len(wrong)
            figures = " ".join(f"{name}={ours[name]}" for name in engine if name != "ms")
            verdict = "equal" if not wrong else "DIFFERENT " + ", ".join(f"{name}: engine {engine[name]}" for name in wrong)
            print(f"{master}: {figures} | {ours['ms']} ms (engine {engine['ms']} ms), {ours['rssMb']} MB | {verdict}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
