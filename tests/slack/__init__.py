"""A fake Slack for the tests: strict, with a memory, over real HTTP.

    from tests.slack import faults, screen
    from tests.slack.fake import FakeSlack

    async with FakeSlack(stands_at=NOON) as fake:          # its clock stands; fake.clock.advance(4)
        alice = fake.person("alice", locale="fr-CA")       # also is_restricted, is_stranger, team
        team = fake.channel("team", alice)                 # the bot is a member, unless bot=False
        fake.app_url = "http://127.0.0.1:8080/slack/events"    # or leave it empty: Socket Mode
        # the program is started with fake.api_url, fake.bot_token, fake.app_token, fake.secret,
        # and fake.clock.now as its clock

        outcome = await alice.slash("/cairn", "", team)    # status, body, json, seconds, failure
        view = alice.view                                  # the modal in front of her
        assert "Can I post this?" in screen.text(view)     # also screen.buttons, options, links
        await alice.pick(view, "who", "employee")          # by block_id, then value or words
        await alice.type(view, "why", "because")
        await alice.fill("Your words", "because")          # in the modal in front of her, by label
        await alice.submit(view)                           # the same object shows the next step
        await alice.press(view, label="Back")              # or by action_id, value, block_id
        await alice.close()
        await alice.message("can I post?")                 # direct message; alice.sees() shows it
        await alice.press(alice.sees()[-1], "open")        # a message; also alice.ephemerals[-1]
        await alice.mention(team, "help")
        await alice.shortcut("check_before_post")
        await alice.open_home()
        await alice.press(alice.home, "start")
        await fake.until(lambda: len(fake.calls) == 3)     # what the program does after its answer

        fake.faults.add("views.open", faults.limited())    # or status, reset, reset_after, stall
        await fake.redeliver(outcome)                      # the same event, with retry headers
        await fake.send(b"...", secret="another")          # forgeries: nothing is noted
        await fake.echo()                                  # the bot's own messages, told to the bot
        await fake.uninstall()
        await fake.take_out(team, alice.user)              # out of a channel, as an event tells
        fake.archive(team)

        assert fake.violations == []   # what Slack, or we, would not have in a message or view
        assert fake.failures == []     # answers that were late, or no 200
        assert [call.method for call in fake.calls] == [...]

A person can only do what Slack's client lets them do; anything else raises `RefusedError`.
Rates are limited as Slack does, on the clock of the fake: where that stands, a second message to
the same channel waits for `clock.advance(1)`. `FakeSlack(rates=False)` switches them off.
"""
