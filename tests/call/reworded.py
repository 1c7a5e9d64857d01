"""The parcel desk with other words in its mouth. Tests copy this file beside `parcels.py`."""

import re
from dataclasses import replace

from .parcels import Release11

# What the desk says, and ten other ways to say it; {} is the value that is read back.
WORDINGS = {
    "How can I help you?": (
        "What can I do for you today?",
        "How may I assist?",
        "What's the reason for your call?",
        "Please tell me what you are calling about.",
        "Would you like to track a parcel, change an address, or get a refund?",
        "What is it about?",
        "What brings you to us today?",
        "Is it about a delivery or a refund?",
        "In a few words, please tell me what you need.",
        "Go ahead, how can we help?",
    ),
    "What is the order number?": (
        "Could I have your order number, please?",
        "And which order is it?",
        "I'll need your order number.",
        "Please give me the tracking number.",
        "What's the number of the parcel?",
        "Can you read me the order reference?",
        "Your order number, please.",
        "May I ask for the order number?",
        "Would you tell me the parcel number?",
        "Do you have the order number there?",
    ),
    "What is the new postcode?": (
        "And the new postcode?",
        "Which postcode should it go to?",
        "Could you give me the postcode of the new address?",
        "Please tell me the postcode.",
        "Where should we send it instead?",
        "I also need the new postcode.",
        "What's the post code there?",
        "Can I take the new postcode?",
        "What's the delivery postcode, please?",
        "Now the postcode, please.",
    ),
    "What is damaged?": (
        "What is broken, exactly?",
        "Could you describe the damage?",
        "What happened to it?",
        "Please describe the damage.",
        "Tell me what is damaged, please.",
        "What's the damage?",
        "Can you tell me about the damage?",
        "And what is damaged on it?",
        "May I ask what happened?",
        "What is broken?",
    ),
    "How much did you pay for it?": (
        "What did it cost? I need the amount.",
        "How much was it?",
        "And the amount?",
        "Could you tell me the amount you paid?",
        "What price did you pay?",
        "Please tell me how much you paid.",
        "What was the value of the goods?",
        "How much should we refund?",
        "What sum did you pay?",
        "Can I have the amount, please?",
    ),
    "What is your name?": (
        "Who am I speaking to?",
        "Could I take your name?",
        "Your name, please?",
        "May I have your full name?",
        "What name should I note down?",
        "Can you tell me your name?",
        "And your name is?",
        "Please tell me your name.",
        "I need your name first.",
        "Who is calling, please?",
    ),
    "What is your phone number?": (
        "What number can we reach you on?",
        "And your phone number?",
        "Could you give me a contact number?",
        "Please tell me your mobile number.",
        "What's the best number to call?",
        "I also need a telephone number.",
        "Which number should we ring?",
        "May I have your phone number, please?",
        "Can I take a call-back number?",
        "On what phone number?",
    ),
    "Which day is best for the call?": (
        "What day would suit you?",
        "When should we call?",
        "On which date should we ring?",
        "Which day would you like?",
        "And on what day, please?",
        "Could you tell me which day is good?",
        "What's the best day?",
        "Please tell me the day.",
        "And the date?",
        "What day works for you?",
    ),
    "Is there anything else?": (
        "Anything else I can do for you?",
        "Can I help you with anything else?",
        "Is that everything?",
        "Do you need anything else?",
        "Was that all for today?",
        "Do you have any other questions?",
        "Is there something else?",
        "Will that be all?",
        "Anything further?",
        "What else can I do for you?",
    ),
    "I have {}. Is that right?": (
        "So that's {}, correct?",
        "I heard {}. Is that correct?",
        "{}, right?",
        "You said {}. Did I get that right?",
        "Just to confirm: {}. Yes?",
        "Is it {}?",
        "Let me repeat: {}. Does that sound right?",
        "Okay, I've got {}. Can you confirm that?",
        "Did you say {}?",
        "That was {}, is that okay?",
    ),
    "Sorry, I did not understand that.": (
        "Sorry, I didn't catch that.",
        "Pardon?",
        "I'm sorry, I didn't get that.",
        "I did not quite follow.",
        "Excuse me?",
        "Could you repeat that?",
        "Sorry, I missed that.",
        "I couldn't hear that.",
        "Come again?",
        "Sorry, once more, please.",
    ),
}


class Reworded(Release11):
    """The desk of 2026.11; `wording` says which of the ten."""

    def __init__(self, given, now, wording):
        super().__init__(given, now)
        self._wording = wording
        self.opening = self._in_other_words(self.opening)

    def reply(self, heard):
        """The desk's own reply in other words."""
        return self._in_other_words(super().reply(heard))

    def _in_other_words(self, reply):
        text = reply.text
        for said, others in WORDINGS.items():
            before, value, after = said.partition("{}")
            pattern = re.escape(before) + "([^?]+?)" * bool(value) + re.escape(after)
            other = others[self._wording]
            text = re.sub(pattern, lambda found, other=other: other.format(*found.groups()), text)
        return replace(reply, text=text)
