"""No secret of a pasted log survives, and nothing else is touched."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.fault.mask import mask

_BODY = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=40, max_size=40)
# How each kind of key is written around a random body of 40 letters and digits.
KEYS = {
    "openai-key": "sk-proj-{0}", "old openai-key": "sk-{0}", "anthropic-key": "sk-ant-api03-{0}", "openrouter-key": "sk-or-v1-{0}",
    "langfuse-key": "sk-lf-{0}", "huggingface-token": "hf_{0}", "github-token": "ghp_{0}", "github fine": "github_pat_{0}",
    "gitlab-token": "glpat-{0}", "google-key": "AIza{0}", "slack-token": "xoxb-123456789012-{0}", "npm": "npm_{0}",
    "pypi": "pypi-{0}", "stripe-key": "sk_live_{0}", "groq": "gsk_{0}", "nvidia": "nvapi-{0}", "jwt": "eyJhbGciOiJI.eyJ{0}.{0}",
    "sendgrid-key": "SG.{0}.{0}", "telegram-token": "123456789:AA{0}",
}  # fmt: skip
# Where a key may stand.
PLACES = [
    "{0}", "key={0}", "OPENAI_API_KEY={0}", 'export HF_TOKEN="{0}"', "Incorrect API key provided: {0}.", "Authorization: Bearer {0}",
    '{{"token": "{0}", "n": 1}}', "--api-key {0} --port 8000", "https://x.org/?access_token={0}&n=1", "({0})", "'{0}',", "\t{0}\n",
    "2026-11-22 10:00:01 [rank0]: login failed with {0}!", "x-api-key: {0}",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@settings(deadline=None)
@given(body=_BODY, place=st.sampled_from(PLACES), noise=st.sampled_from(["", "RuntimeError: x\n", "loss=0.5 密钥 "]))
def test_a_planted_key_never_survives(key: str, body: str, place: str, noise: str):
    secret = key.format(body)
    masked = mask(noise + place.format(secret) + noise)
    assert body not in masked.text
    assert sum(masked.kinds.values()) >= 1
    assert masked.text.startswith(noise)


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        pytest.param("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE", "aws-key", id="aws"),
        pytest.param("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfi", "wJalrXUtnFEMI", "key", id="aws-secret"),
        pytest.param("postgresql://app:p@ss:w0rd@db:5432/x", "p@ss:w0rd", "url-password", id="url-with-at-signs"),
        pytest.param("redis://:hunter2@localhost:6379/0", "hunter2", "url-password", id="url-without-user"),
        pytest.param("password=hunter2", "hunter2", "password", id="password"),
        pytest.param("password=123456", "123456", "password", id="password-of-digits"),
        pytest.param("DB_PASSWORD: 'hunter 2'", "hunter 2", "password", id="quoted-password"),
        pytest.param(r'{"password": "a\"b", "x": 1}', r"a\"b", "password", id="escaped-quote"),
        pytest.param("密码：hunter2", "hunter2", "password", id="chinese"),
        pytest.param("Server=db;Password=hunter2;Database=x", "hunter2", "password", id="connection-string"),
        pytest.param("mysql -uroot -phunter2 shop", "hunter2", "password", id="mysql"),
        pytest.param("docker login -u me -p hunter2", "hunter2", "password", id="docker"),
        pytest.param("curl -u me:hunter2 http://x", "hunter2", "password", id="curl"),
        pytest.param("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "authorization", id="basic"),
        pytest.param("{'Authorization': 'Bearer abc123def', 'x': 1}", "abc123def", "authorization", id="header-dict"),
        pytest.param("Cookie: session=abc123; csrftoken=xyz", "abc123; csrftoken=xyz", "cookie", id="cookie"),
        pytest.param("Set-Cookie: sid=31d4d96e; Path=/", "31d4d96e", "cookie", id="set-cookie"),
        pytest.param("AccountName=x;AccountKey=abc123==;End", "abc123==", "key", id="azure"),
        pytest.param("http://localhost:8888/?token=0123456789abcdef0123", "0123456789abcdef0123", "url-token", id="notebook"),
        pytest.param("https://b.s3.amazonaws.com/f?X-Amz-Signature=abcdef99", "abcdef99", "url-token", id="signed-url"),
        pytest.param("https://hooks.slack.com/services/T0/B0/XXXXabc123XXXX", "T0/B0/XXXXabc123XXXX", "webhook", id="webhook"),
        pytest.param("zhipu 0123456789abcdef0123456789abcdef.AbCdEfGh12345678", "AbCdEfGh12345678", "provider-key", id="zhipu"),
        pytest.param("dapi0123456789abcdef0123456789abcdef", "dapi0123", "databricks-token", id="databricks"),
        pytest.param("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE", "private-key", id="private-key"),
        pytest.param("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\ncut off", "b3BlbnNz", "private-key", id="cut-off-private-key"),
    ],
)  # fmt: skip
def test_a_secret_is_replaced_by_its_kind(text: str, secret: str, kind: str):
    masked = mask(text)
    assert secret not in masked.text
    assert f"‹masked:{kind}›" in masked.text
    assert masked.kinds == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=512", "token: 151643", "pad_token='<pad>'", "eos_token=</s>", "unk_token=[UNK]", "num_tokens: 1234567", "token=True",
        "bos_token_id=1", "api_key=None", "use_auth_token=False", "api_key not configured (no-tty)", "KeyError: 'token'", "auth: enabled",
        "commit 9a41e39e1f0a4d2b8c7d6e5f4a3b2c1d0e9f8a7b", "password: ", "password=${DB_PASSWORD}", "api_key=os.environ['KEY']",
        "sha256:cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", "request id req_0123456789abcdef0123456789abcdef",
        "/home/ann/.cache/huggingface/hub/models--Qwen--Qwen2.5-7B/snapshots/a09a35458c702b33eeacc393d103063234e8bc28/model.safetensors",
        "uuid 123e4567-e89b-12d3-a456-426614174000", "torch.Size([151936, 3584])", "key: model.layers.0.self_attn.q_proj.weight",
        "Unexpected key(s) in state_dict: \"lm_head.weight\"", "prompt tokens: 1234, completion tokens: 99", "Bearer of bad news",
        "Token indices sequence length is longer than the specified maximum (5000 > 4096).", "tokens_per_second: 12.5", "git@github.com:a/b.git",
        "http://user@host:8000/x", "hf_hub_download(repo_id)", "tokenizer=Qwen/Qwen2.5-7B", "image: nvcr.io/nvidia/pytorch:24.05-py3@sha256:abc",
        "wandb: (3) Don't visualize my results", "KV cache: key=torch.bfloat16", "task-abc sk-learn scikit", "self.token = token",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str):
    assert mask(text).text == text


def test_masking_twice_changes_nothing_more():
    once = mask("OPENAI_API_KEY=sk-abcdefghijklmnopqrstuvwx password=hunter2 postgresql://a:b@c/d").text
    assert mask(once).text == once


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_masked_without_failing_and_keeps_its_lines(text: str):
    masked = mask(text)
    if "PRIVATE KEY" not in text:
        assert len(re.findall("\n", masked.text)) == len(re.findall("\n", text))


def test_a_private_key_whose_beginning_is_cut_off_is_masked():
    body = (
        "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj" for _ in range(20)) + "\nab+/12=="
    )
    masked = mask(f"{body}\n-----END PRIVATE KEY-----\nnext line")
    assert masked.text == "‹masked:private-key›\nnext line"


def test_much_that_looks_like_a_key_takes_no_longer_than_other_text():
    log = "private key\n" + "QWxhZGRpbjpvcGVuIHNlc2FtZQQWxhZGRpbjpvcGVuIHNlc2FtZQQWxhZGRpbjp\n" * 15_000
    began = time.perf_counter()
    assert mask(log).text == log
    assert time.perf_counter() - began < 10
