"""Two bots that answer each other for ever: after so many exchanges we fall silent."""

SCRIPT = """return { keywords = { other = "something else" },
  message = function(msg) return "Thanks, we got " .. msg.args end,
  status = function(ev) end }"""
GUARD = {"count": 5, "window": "60s"}


def bot(twilio, gw, n, **options):
    return twilio.text(gw, f"Ticket {n} was received.", **options)


def test_a_loop_ends_with_one_warning_and_a_counter(gateway, twilio):
    script = "return function(msg) return 'Thanks! No. ' .. msg.body:match('%d+') end"
    with gateway(script, loop_guard=GUARD) as gw:
        for i in range(5):
            assert bot(twilio, gw, i).messages == [f"Thanks! No. {i}"]
        for i in range(5, 12):
            answer = bot(twilio, gw, i, sid=f"SM{i}")
            assert (answer.status, answer.messages) == (200, []), i
            line = gw.wait_log("message", sid=f"SM{i}")
            assert line["outcome"] == "dropped" and line["why"] == "loop_guard"
        assert gw.metric("replyd_loop_guard_total") == 7
        assert len(gw.log("loop")) == 1
        assert gw.log("loop")[0]["exchanges"] == "5"
        assert gw.log("loop")[0]["from"] == "****0001"
        # other words, other senders, opt-outs and retries go on as ever
        assert twilio.text(gw, "What is 7?").messages == ["Thanks! No. 7"]
        assert bot(twilio, gw, 1, from_="+15551230099").messages == ["Thanks! No. 1"]
        assert twilio.post(gw, twilio.message_params("Ticket 5 was received.",
                                                     sid="SM5")).messages == []
        gw.wait_metric("replyd_messages_total", at_least=1, outcome="replay")


def test_a_retry_gets_its_answer_though_the_conversation_is_silent(gateway, twilio):
    with gateway("return function(msg) return 'same' end", loop_guard=GUARD) as gw:
        params = twilio.message_params("Ticket", sid="SM0")
        assert twilio.post(gw, params).messages == ["same"]
        for _ in range(6):
            twilio.text(gw, "Ticket")
        assert gw.metric("replyd_loop_guard_total") == 2
        assert twilio.post(gw, params).messages == ["same"]


def test_the_same_question_with_another_answer_is_no_loop(gateway, twilio):
    script = """local words = { "one", "two", "three", "four", "five", "six", "seven", "eight" }
    return function(msg) return words[tonumber(msg.params.Page)] end"""
    with gateway(script, loop_guard=GUARD) as gw:
        for page in range(1, 9):
            assert len(twilio.text(gw, "next", Page=str(page)).messages) == 1
        assert gw.metric("replyd_loop_guard_total") == 0


def test_pictures_and_silence_are_no_loop(gateway, twilio):
    with gateway("return function(msg) return #msg.media > 0 and 'nice' or nil end",
                 loop_guard=GUARD) as gw:
        for _ in range(8):
            assert twilio.text(gw, "", media=["https://x.example/a"]).messages == ["nice"]
            assert twilio.text(gw, "nothing to say").messages == []
        assert gw.metric("replyd_loop_guard_total") == 0


def test_the_fallback_reply_can_loop_too(gateway, twilio):
    with gateway("return function(msg) error('always') end", fallback_reply="Sorry",
                 loop_guard=GUARD) as gw:
        answers = [len(twilio.text(gw, "I am a bot").messages) for _ in range(8)]
        assert answers == [1] * 5 + [0] * 3


def test_it_is_on_by_default_and_can_be_switched_off(gateway, twilio):
    script = "return function(msg) return 'same' end"
    with gateway(script, loop_guard=None) as gw:
        assert [len(twilio.text(gw).messages) for _ in range(17)] == [1] * 15 + [0] * 2
        gw.reload(loop_guard={"count": 0})
        assert [len(twilio.text(gw).messages) for _ in range(17)] == [1] * 17
    with gateway(script, loop_guard={"count": 1, "window": "1s"}) as gw:
        assert len(twilio.text(gw).messages) == 1
        assert len(twilio.text(gw).messages) == 0


def test_exchanges_are_counted_across_a_reload(gateway, twilio):
    script = "return function(msg) return 'same' end    -- %d"
    with gateway(script % 1, loop_guard=GUARD, script_threads=1) as gw:
        assert [len(twilio.text(gw).messages) for _ in range(3)] == [1] * 3
        gw.reload(script % 2)    # new VMs: only the store remembers
        assert [len(twilio.text(gw).messages) for _ in range(4)] == [1, 1, 0, 0]
