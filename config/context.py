def study(request):
    return {}
