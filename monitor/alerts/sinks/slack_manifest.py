"""The Slack app that each team installs for itself (docs.slack.dev/reference/app-manifest).

An app of one's own, because Slack throttles reading history for apps that are distributed commercially, and reading
history is how a doubtful send is settled.
"""

from __future__ import annotations

MANIFEST = """\
_metadata: {major_version: 2, minor_version: 1}
display_information:
  name: news-monitor
  description: One alert per news story, with the reason it matched
features:
  bot_user: {display_name: news-monitor, always_online: true}
oauth_config:
  scopes:
    bot:
      - chat:write        # post alerts
      - channels:read     # find the id of a channel you call by its name
      - groups:read       # the same for private channels
      - channels:history  # look whether a message that may have failed is there
      - groups:history    # the same for private channels
settings:
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false
"""
