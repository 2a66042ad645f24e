"""Which sentences do the support tickets of the example consist of? Templates and word lists, all made up."""

from __future__ import annotations

from typing import Final

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "refund_request": (
        "please give me a refund for the {item}",
        "I would like my money back for the {item}",
        "you still owe me the refund of {amount} for the {item}",
        "when does the {amount} arrive on my card, the {item} has been at your warehouse for {days} days?",
        "a refund of {amount} was promised {days} days ago and nothing has happened",
        "my request: pay back the full {amount} for the {item}",
        "I returned the {item} and expect to be reimbursed for the shipping as well",
        "how long does a refund take after you have the {item} again?",
    ),
    "delivery_delay": (
        "the delivery of the {item} is {days} days late",
        "the tracking page has shown the same depot for {days} days",
        "I am still waiting for the {item}, when will it be here?",
        "the courier did not come on {weekday}, what is the reason for the delay?",
        "where is order {order}, it was meant to arrive on {weekday}?",
        "no delivery on {weekday}, and the parcel with the {item} has not moved since",
        "is there a delay with the {item}, it should have been here {days} days ago?",
        "it has been {days} days and the {item} is nowhere to be seen",
    ),
    "damaged_item": (
        "the {item} arrived damaged",
        "the {part} of the {item} is cracked",
        "when I opened the parcel the {part} was broken off",
        "the {part} was damaged, there is a deep scratch across it",
        "the box was crushed and the {item} in it damaged",
        "the {item} came in two pieces",
        "the {part} came loose the first time I used the {item}",
        "I got a {item} with a dent in the {part}",
    ),
    "account_access": (
        "I cannot get into my account",
        "access to my account is refused, although the password is right",
        "the code that you send by text never reaches my phone",
        "my account is locked since {weekday}",
        "I have a new phone and the login no longer works",
        "the password mail does not arrive, I tried it {days} times",
        "the page throws me out as soon as I sign in to my account",
        "I no longer have access to the mail address that I registered with",
    ),
    "payment_problem": (
        "there is a problem with my payment for the {item}",
        "my card was charged twice, {amount} each time",
        "the checkout has a problem with my card although there is enough money on it",
        "my payment of {amount} went out and the shop still says unpaid",
        "the invoice says {amount} but I was charged more",
        "the voucher was not taken off and I paid the full {amount}",
        "my bank shows a payment of {amount} to you that I do not recognize",
        "the bank transfer for order {order} went out {days} days ago and is not booked",
    ),
    "order_change": (
        "I want to change order {order}",
        "please send order {order} to my office and not to my home",
        "can I still have the {item} in {colour} and not in {other_colour}?",
        "one {item} is enough, so change the order please",
        "please add a second {item} to order {order}",
        "the house number of order {order} is wrong, it has to be {number}",
        "could you bring the {item} on {weekday} and not earlier?",
        "can you change the size of the {item} before it leaves?",
    ),
    "cancellation": (
        "please cancel order {order}",
        "this is the cancellation of the {item}, I do not need it any more",
        "I want to end my membership by {weekday}",
        "I signed {days} days ago and ask for the cancellation of the contract",
        "I found the {item} elsewhere, so do not send it",
        "please confirm the cancellation of the {item}",
        "I withdraw from the purchase of the {item}",
        "how do I get out of the monthly plan for {amount}?",
    ),
    "product_question": (
        "a question about the product: does the {item} come with a spare {part}?",
        "a question before I buy: which {item} suits a small flat?",
        "is the {item} also sold in {colour}?",
        "in the product details I miss the weight of the {item}, how heavy is it?",
        "can the {part} of the {item} be replaced?",
        "does the {item} work without the app?",
        "what is the difference between the {item} for {amount} and the cheaper one?",
        "is the {part} made of steel or of plastic?",
    ),
}
"""Label to the ways in which customers say what it stands for."""

OPENERS: Final = (
    "",
    "Hello.",
    "Hi there!",
    "Good morning.",
    "Dear support team!",
    "Hello again.",
    "It is me once more.",
    "Sorry to bother you.",
    "Just quickly.",
)

CLOSERS: Final = (
    "",
    "Thanks.",
    "Thank you for your help!",
    "Please answer soon.",
    "Kind regards, {name}",
    "I am disappointed, to be honest.",
    "This is the third time that I write.",
    "You can reach me in the evening.",
    "Best, {name}",
)

ASIDES: Final = (
    "The refund for the last purchase came quickly, by the way.",
    "My last payment went through at once.",
    "The delivery as such was on time.",
    "I do not want a cancellation of anything else.",
    "The other parcel was not damaged.",
    "I have been looking for one like that since {year}.",
    "The {item} was a gift for my {relative}.",
    "I am a customer since {year}.",
    "My {relative} has had one for years.",
    "We moved here in {year}.",
)
"""Sentences beside the point; many use the words of another label."""

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "item": (
        "desk lamp", "standing desk", "office chair", "bookshelf", "coffee grinder", "kettle", "blender",
        "floor lamp", "bed frame", "side table", "air purifier", "toaster", "wall clock", "shoe rack",
        "mirror",
    ),
    "part": ("handle", "lid", "base", "left leg", "glass plate", "hinge", "switch", "cable", "screw set"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "colour": ("black", "oak", "white", "dark green"),
    "other_colour": ("red", "grey", "walnut", "blue"),
    "name": ("Mara", "Jonas", "Priya", "Tom", "Aiko", "Lucia", "Henrik", "Fatima"),
    "relative": ("sister", "father", "neighbour", "aunt", "grandson"),
}  # fmt: skip
