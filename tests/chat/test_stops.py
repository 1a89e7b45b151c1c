"""The tokens that end a turn."""

from tokenizers import Tokenizer

from curate.chat import ChatTemplate
from tests.chat.families import FAMILIES, every_family
from tests.chat.other_tokenizers import fast
from tests.chat.templates import VICUNA, trl_template


@every_family
def test_stop_tokens_end_the_turns(name, template_of):
    template, family = template_of(name), FAMILIES[name]
    tokens = template.tokenizer.convert_ids_to_tokens
    assert tokens(template.user_stop_token_ids) == list(dict.fromkeys([family.user_stop, family.eos]))
    assert tokens(template.assistant_stop_token_ids) == list(dict.fromkeys([*family.stops, family.eos]))


def test_whitespace_and_shorter_tokens_do_not_end_a_turn(bpe):
    spaced = trl_template("llama3").replace("'<|eot_id|>'", "'\n\n<|eot_id|>'")
    tokenizer = fast(Tokenizer.from_str(bpe.to_str()), spaced)
    tokenizer.add_tokens(["\n\n", "<|", "<|eot"])
    template = ChatTemplate(tokenizer)
    assert tokenizer.convert_ids_to_tokens(template.user_stop_token_ids) == ["<|eot_id|>", "</s>"]
    assert tokenizer.convert_ids_to_tokens(template.assistant_stop_token_ids) == ["<|eot_id|>", "</s>"]


def test_a_run_of_newlines_ends_no_turn_even_where_it_is_a_token(bpe):
    tokenizer = fast(Tokenizer.from_str(bpe.to_str()), VICUNA.replace("' ' }}", "'\n\n' }}"))
    tokenizer.add_tokens(["\n\n"])
    assert tokenizer.convert_ids_to_tokens(ChatTemplate(tokenizer).user_stop_token_ids) == ["</s>"]
