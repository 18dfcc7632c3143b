from tests.world import sign_in


def test_pages_open(client, committed):
    assert client.get("/").status_code == 303
    sign_in(client, "owner")
    for path in (
        "/admin/settings",
        "/admin/campaigns",
        "/admin/campaigns/new",
        "/admin/team",
        "/admin/brand/edit",
        "/admin/brands/new",
        "/admin/plugins",
        "/admin/mail",
        "/admin/audit",
        "/account",
        "/account/password",
        "/privacy",
    ):
        response = client.get(path)
        assert response.status_code == 200, (path, response.text)
