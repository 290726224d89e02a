from django.urls import path

from . import views

urlpatterns = [
    path("", views.start, name="start"),
    path("board", views.board_home, name="board_home"),
    path("board/<str:code>", views.board, name="board"),
    path("board/<str:code>/rows/<str:listing>", views.rows, name="board_rows"),
    path("around/<str:code>", views.around_page, name="around"),
    path("wall", views.wall_home, name="wall_home"),
    path("wall/<str:code>", views.wall, name="wall"),
]
