"""The race of sound: REF16 against scsynth and Csound, real time, and all that `tools/evaluate
sound` measures."""

import shutil
from argparse import Namespace
from pathlib import Path

from areas.sound import instructions, live, long, ref16
from areas.sound.evaluate import goals, qualities, say
from kit import qemu
from kit.figures import Result


def bench(data: Path | None, options: Namespace) -> Result:
    figures: dict[str, float] = {}
    peers: dict[str, dict[str, float]] = {}
    if (options.graphs / "ref.py").exists():
        ours, theirs = ref16.race(options.graphs)
        figures |= ours
        peers |= {peer: {"ref16_cpu_s_per_s": cost} for peer, cost in theirs.items()}
        for peer, cost in theirs.items():
            figures[f"ref16_over_{peer}"] = ours["ref16_cpu_s_per_s"] / cost
    else:
        say(f"no REF16 graphs in {options.graphs}: give --graphs DIR")
    for peer, package in (("scsynth", "supercollider-server"), ("csound", "csound")):
        if not shutil.which(peer):
            say(f"{peer} isn't installed (apt-get install {package}): not raced")
    figures["reverb_rt60_s"] = ref16.rt60()
    played, naive = live.measure()
    figures |= played
    peers["naive"] = naive
    if not options.instructions:
        say("aarch64 instructions aren't counted: give --instructions")
    elif lacking := qemu.missing():
        say(f"aarch64 instructions aren't counted: apt-get install {' '.join(lacking)}")
    else:
        figures["instructions_per_s"] = instructions.measure(options.graphs)
    figures |= long.night(options.hours)
    quality, judges, more = qualities(options.hours)
    figures |= quality
    return Result(
        "sound",
        f"REF16 and our own programmes, {options.hours:g} h of them looked through",
        figures,
        {**peers, **judges},
        goals(figures),
        {**more, "differences": ref16.__doc__.split("\n\n")[1]},
    )
