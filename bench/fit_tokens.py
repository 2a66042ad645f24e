"""What do the token estimator's weights have to be, and how far off is it then?

Method. Texts: GSM8K, TAT-QA and Banking77 (English prose, sums, tables), Python sources of the standard library,
documentation and licences of the installed packages, and the Universal Declaration of Human Rights in some 40
languages; each cut into pieces of 200 to 3,000 characters. Weights are fitted to half of the sources by least
squares of the relative error, and judged on the other half: whole sources, so that no two pieces of one text
stand on both sides. Each language and kind of text weighs the same.

Caveats. The tokenizers are public ones (tiktoken's cl100k_base, Claude 2's from the package anthropic 0.38, and
Llama 3's where its file is at hand): nobody publishes one for Claude 3 and later or for Nova, for which the
weights of cl100k_base stand in until CountTokens has calibrated them.

    pip install -r bench/requirements-tokens.txt && python bench/fit_tokens.py --data FOLDER [--udhr FOLDER]
"""
