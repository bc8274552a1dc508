"""The steps of the decoder, in the order in which they act: llama.cpp's.

To add a step, write it in a file beside this one and add its settings to ``AllSteps``. The configuration,
the chain, the controls, the command line and the reference follow.
A step that depends on more than the highest logits must also be named where `DecodingConfig.shortlist` is
computed, since the model may otherwise compute the others only roughly.
"""

from __future__ import annotations

from goosequill.decoding.processor import Processor, StepSettings
from goosequill.decoding.steps.constraint import Constraint
from goosequill.decoding.steps.guidance import Guidance
from goosequill.decoding.steps.mirostat import Mirostat
from goosequill.decoding.steps.penalties import Dry, LogitBias, MinLength, NoRepeatNgram, Penalties
from goosequill.decoding.steps.temperature import Temperature
from goosequill.decoding.steps.truncators import MinP, TopK, TopNSigma, TopP, Typical, Xtc


class AllSteps(
    Guidance.Settings,
    Constraint.Settings,
    LogitBias.Settings,
    MinLength.Settings,
    Penalties.Settings,
    NoRepeatNgram.Settings,
    Dry.Settings,
    TopNSigma.Settings,
    TopK.Settings,
    Typical.Settings,
    TopP.Settings,
    MinP.Settings,
    Xtc.Settings,
    Temperature.Settings,
    Mirostat.Settings,
):
    """The settings of every step. A class, and not a list, so that type checkers know each setting."""


STEPS: tuple[type[Processor], ...] = tuple(
    settings.step for settings in AllSteps.__bases__ if issubclass(settings, StepSettings)
)
"""The steps in order."""
