"""The Slack app that each team installs for itself (docs.slack.dev/reference/app-manifest).

An app of one's own, because Slack throttles reading history for apps that are distributed commercially, and reading
history is how a doubtful send is settled. With Socket Mode there are buttons below the alerts and `/news`, and still
no public address.
"""

from __future__ import annotations


def manifest(*, socket_mode: bool) -> str:
    """YAML to paste into Slack, with no scope that is not used."""
    commands, scope, interactivity = (_COMMANDS, _SCOPE, _INTERACTIVITY) if socket_mode else ("", "", "")
    return f"""\
{_HINT if socket_mode else ""}_metadata: {{major_version: 2, minor_version: 1}}
display_information:
  name: news-monitor
  description: One alert per news story, with the reason it matched
features:
  bot_user: {{display_name: news-monitor, always_online: true}}
{commands}oauth_config:
  scopes:
    bot:
      - chat:write        # post alerts
      - channels:read     # find the id of a channel you call by its name
      - groups:read       # the same for private channels
      - channels:history  # look whether a message that may have failed is there
      - groups:history    # the same for private channels
{scope}settings:
  org_deploy_enabled: false
  socket_mode_enabled: {str(socket_mode).lower()}
{interactivity}  token_rotation_enabled: false
"""


_HINT = """\
# After installing it, make an app-level token with the scope connections:write (Basic Information, App-Level Tokens)
# and set it as SLACK_APP_TOKEN; the bot token goes into SLACK_BOT_TOKEN.
"""
_COMMANDS = """\
  slash_commands:
    - command: /news
      description: Ask news-monitor, or mute something
      usage_hint: status | search WORDS | explain URL | backtest RULE | mute KIND NAME 8h | unmute KIND NAME | help
      should_escape: false
"""
_SCOPE = """\
      - commands          # /news
"""
_INTERACTIVITY = """\
  interactivity: {is_enabled: true}
"""
